// Command demo shows Telepod at work on this machine: `make demo`.
//
//	go run ./test/demo [-check] [-keep] [-control-plane-only] [-report FILE] | -build
//
// As root on Linux it starts three real clusters that simulate three clouds (package test/clouds), installs the chart
// in each, runs the shop of examples/shop across them and breaks things. It compares every value that it shows with
// the expected one, and fails if they differ: with -check the same run is the end-to-end test. The HTML report remains
// after everything else has been removed, also after Ctrl-C.
//
//	main.go       flags, signals, exit status
//	story.go      the steps, in order, and the cleanup in every case
//	setup.go      programs, clusters, installation, the shop, and its injected pods
//	trace.go      an order's trace, found in Jaeger
//	logs.go       from a trace to its logs and back
//	stores.go     Prometheus, S3, Kafka; searches all stores for secrets
//	overview.go   telepod status and telepod cost
//	breakages.go  telepod check, one fault at a time; the backup proven by canaries
//	faults.go     the primary killed and disconnected, a region disconnected
//	drill.go      telepod drill
//	results.go    sent, archived and lost spans; the report
//	reconcile.go  bytes: links, sites, cost rules
//	quickstart.go the commands of docs/quickstart.md
//	offline/      the demo without root: a control plane that stores pods but runs none
//	screen/       prints steps, text and tables in 100 columns
package main
