// Package cost reports what telemetry costs: this month so far, from the series that the chart's rules record, and in
// advance, from expected rates.
//
//	prices.go    the price list, read from the chart's values
//	month.go     this month, by cluster, namespace and service
//	estimate.go  a month, from spans and log records per second
//
// Rules and estimate use the same price list and formulas: charts/telepod/rules/cost.yaml is the source, and a test
// compares the estimate with what Prometheus computes from the same volumes. The package is pure, except for one
// function that queries Prometheus.
package cost
