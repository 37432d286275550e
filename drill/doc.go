// Package drill rehearses the loss of the primary central site and measures the effects.
//
// [Run] sends canaries (numbered spans) through regional Collectors, fails the primary, and uses the
// Collectors' own metrics to see which site each of them uses. It fails the primary only if all of them use it,
// stops if a region does not fail over, and always restores the primary. The result is a [Report], judged by
// [Limits].
//
//	plan.go      what to do, and the limits for a good verdict
//	course.go    turns samples of Collectors into events: noticed, moved over, came back
//	phases.go    the next action, from the course and the time
//	ledger.go    canaries sent and stored: lost, duplicated
//	run.go       the loop that samples, decides and acts
//	send.go      sends canaries on schedule, and finds them in the archive
//	watch.go     samples Collectors
//	estate.go    the interfaces of clusters and archives
//	report.go    the result, as JSON
//	markdown.go  the result, for people
//
// Course, phases, ledger and report are pure. This package imports neither drill/sites, which talks to
// clusters, nor drill/canary, which encodes canaries.
package drill
