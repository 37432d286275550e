// Package report draws a run of the three clusters as one HTML page: which clusters there were, one
// trace over three clouds as a waterfall, the failover as a timeline, what was expected and found.
//
// The page needs no network and no other file; it is read in light and in dark, and printed. A
// caller fills a [Report], partly by [ParseJaeger], and calls [Report.WriteHTML]. Nothing here runs
// a cluster, asks a server or knows a clock.
//
//	report.go     what a caller fills
//	jaeger.go     a trace out of the answer of Jaeger's query service
//	waterfall.go  spans in the order of the tree, with places in per cent
//	timeline.go   marks, gaps between failure and return, and the two plots
//	series.go     samples by line, smoothed
//	plot.go       lines as paths, with names at their ends
//	axis.go       round numbers for axes
//	cloud.go      how a cloud is drawn
//	page.go       the page: template, style and script of page/, embedded
//
// To see what a change looks like, and for pictures in the documentation, in light and dark:
//
//	test/report/screenshot.sh OUT_DIRECTORY [REPORT.html [HEIGHT]]
package report
