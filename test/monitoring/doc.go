// Package monitoring checks that the chart's rules and dashboards query metrics that really exist.
//
// [Check] runs every query of every dashboard and rule against a running Prometheus, and lists those
// without data; [Result.WriteHTML] draws the dashboards as one page that needs no network. [WriteRules]
// renders the rules for Prometheus.
//
//	dashboards.go  the panels of charts/telepod/dashboards
//	rules.go       the rules of charts/telepod/rules, rendered and read
//	prometheus.go  the calls to Prometheus' API
//	check.go       runs the queries and lists those without data
//	page.go        draws the dashboards
//	recorded.go    a Prometheus with a given history, for tests that query one
//	names          a program in its own module: lists the metrics in a query, with Prometheus' parser
//
// TestLive runs real Collectors, webhook and Prometheus; to look at the dashboards:
//
//	go test ./test/monitoring -run TestLive -args -page dashboards.html
//
// testdata/metrics.txt lists the metrics scraped from real Collectors and the real webhook (-update writes
// it), testdata/faults.txt those that only a fault creates, and testdata/rules has promtool unit tests of
// the rules.
package monitoring
