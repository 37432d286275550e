// Package report draws a run of three clusters as one HTML page: the clusters, one trace across three
// clouds as a waterfall, the failover as a timeline, and expected against actual results.
//
// The page is self-contained, works in light and dark mode, and prints well. A caller fills a [Report],
// partly with [ParseJaeger], and calls [Report.WriteHTML]. The package is pure: no cluster, no server, no
// clock.
//
//	report.go     the input
//	jaeger.go     parses a trace from the answer of Jaeger's query service
//	waterfall.go  orders spans as a tree, with positions in per cent
//	timeline.go   marks, outages, and the two plots
//	series.go     samples by line, smoothed
//	plot.go       lines as SVG paths, with names at their ends
//	axis.go       round numbers for axes
//	cloud.go      how to draw a cloud
//	page.go       the page: template, style and script of page/, embedded
//
// To view a change, and to make the documentation's screenshots, in light and dark:
//
//	test/report/screenshot.sh OUT_DIRECTORY [REPORT.html [HEIGHT]]
package report
