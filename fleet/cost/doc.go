// Package cost reports what telemetry costs: this month so far, from the series that the chart's rules record, and before a
// purchase, from rates that somebody expects.
//
//	prices.go    the price list, read from the chart's values
//	month.go     this month, by cluster, namespace and service
//	estimate.go  a month, from spans and log records per second
//
// Rules and estimate use one price list and the same arithmetic: charts/telepod/rules/cost.yaml is its source, and a test
// compares the estimate with what Prometheus makes of the same volumes. Pure, but for a function that asks Prometheus.
package cost
