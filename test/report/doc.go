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
//	timeline.go   samples as paths, marks, gaps between failure and return
//	axis.go       round numbers for axes
//	page.go       the page: template, style and script of page/, embedded
//
// To see what a change looks like, in light and dark, with Debian's package chromium:
//
//	test/report/screenshot.sh OUT_DIRECTORY [REPORT.html]
package report
