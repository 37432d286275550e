// Package metrics parses the metrics of a Collector or an injector, in Prometheus' text format.
//
// It is pure: package inventory fetches the text.
package metrics
