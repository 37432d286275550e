// Command demo shows Telepod at work in a real Kubernetes on this machine: `make demo`.
//
//	go run ./test/demo [-check] [-keep] [-control-plane-only] | -build
//
// As root it starts a cluster of three nodes, in zones of three clouds; as an ordinary user a control
// plane only, where pods are stored and injected but do not run. It installs the chart, creates what
// manifests/ holds, prints what the containers see and ends all of it again, also on Ctrl-C.
//
//	main.go       flags, signals, exit status
//	story.go      the steps, in order, and the end in every case
//	setup.go      programs, cluster, installation
//	shop.go       three Deployments: their variables and telepod.dev/status
//	jobs.go       three Jobs with a sidecar: what arrived of their spans
//	mistakes.go   a pod that opted out, and two with typing mistakes
//	ending.go     what to try next; what there is to see after a failure
//	observe.go    what a container sees, from its log or from the API server
//	expect.go     what it should see, and the count of what was right
//	screen.go     steps, text and tables within 100 columns
//
// Everything that is shown is also compared with what it should be, and a difference is a failure.
// The cluster is that of test/cluster, the installation that of test/install; nothing of how Telepod
// works is here.
package main
