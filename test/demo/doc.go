// Command demo shows Telepod at work on this machine: `make demo`.
//
//	go run ./test/demo [-check] [-keep] [-control-plane-only] [-report FILE] | -build
//
// As root on Linux it starts three real clusters that play three clouds (package test/clouds), installs
// the chart in each, runs the shop of examples/shop across them and breaks things. Everything that it
// shows is compared with what it should be, and a difference is a failure: with -check the same run is
// the end-to-end test. An HTML report stays when everything else is gone, also after Ctrl-C.
//
//	main.go       flags, signals, exit status
//	story.go      the steps, in order, and the end in every case
//	begin.go      programs, clusters, installation, the shop and what its pods were given
//	follow.go     an order's trace, found in Jaeger
//	lookinto.go   Prometheus, S3, Kafka; secrets that should be nowhere
//	overview.go   what telepod status and telepod cost show of it
//	break.go      the primary killed and cut off, a region cut off
//	rehearse.go   a drill of telepod drill
//	count.go      what was sent, archived, lost; the report
//	reconcile.go  bytes: links, sites, cost rules
//	offline/      the demo without root: a control plane, in which pods are stored and do not run
//	screen/       steps, text and tables within 100 columns
package main
