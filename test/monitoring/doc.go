// Package monitoring holds the chart's rules and dashboards to metrics that really exist.
//
// [Check] asks a running Prometheus every query of every dashboard and rule, and says which ones have
// no data; [Result.WriteHTML] draws the dashboards as one page that needs no network. [WriteRules]
// renders the rules for such a Prometheus.
//
//	dashboards.go  the panels of charts/telepod/dashboards
//	rules.go       the rules of charts/telepod/rules, rendered and read
//	prometheus.go  the few calls of Prometheus' API that are needed
//	check.go       what has data and what has not
//	page.go        the drawing
//	recorded.go    a Prometheus with a history, for tests of what asks it
//	names          a program with a module of its own: the metrics in a query, by Prometheus' parser
//
// TestLive has real Collectors, webhook and Prometheus; to look at what it saw:
//
//	go test ./test/monitoring -run TestLive -args -page dashboards.html
//
// testdata/metrics.txt lists what was scraped from real Collectors and the real webhook (-update writes it),
// testdata/faults.txt what the first fault creates, and testdata/rules has the unit tests of the rules, for promtool.
package monitoring
