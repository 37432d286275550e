// Package collector is the home of the components that Telepod's Collector has besides those of
// the OpenTelemetry project.
package collector
