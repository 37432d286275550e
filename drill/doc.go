// Package drill rehearses the loss of the primary central site, and measures what comes of it.
//
// [Run] sends canaries, spans with numbers, through regional Collectors, fails the primary, and watches
// by the Collectors' own metrics which site each of them uses. It fails nothing without having seen
// that the primary is in use, gives up when a region does not move over, and restores the primary in
// every case. What came of it is a [Report], judged by [Limits].
//
//	plan.go      what is to be done, and what counts as good
//	course.go    samples of Collectors to events: noticed, moved over, came back
//	phases.go    what to do next, from the course and the time
//	ledger.go    canaries that were sent, and those that are stored: lost, stored twice
//	run.go       the drill: it asks, does, and waits
//	send.go      canaries, on time; and the search for them
//	watch.go     looks at Collectors
//	estate.go    what a drill asks of clusters and archives
//	report.go    what came of it, as JSON
//	markdown.go  the same for people
//
// Course, phases, ledger and report are pure. Clusters are a neighbour, drill/sites, and so is the
// form that a canary has in OTLP and in the archive, drill/canary; this package knows neither.
package drill
