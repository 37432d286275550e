// Package metrics reads what a Collector or an injector reports about itself, in Prometheus' text format.
//
// Pure. Package inventory fetches the text.
package metrics
