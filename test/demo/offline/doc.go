// Package offline is the demo for machines without root or without nodes: a Kubernetes control plane,
// in which pods of three clouds are stored and injected but do not run.
//
//	offline.go    the steps, in order, and the end in every case
//	setup.go      programs, control plane, the webhook as a process
//	shop.go       three Deployments: their variables and telepod.dev/status
//	jobs.go       three Jobs with a sidecar
//	mistakes.go   a pod that opted out, and two with typing mistakes
//	ending.go     what there is to see after a failure
//	observe.go    what the API server stored
//	expect.go     what it should have stored
//
// It creates what manifests/ holds. Everything that is shown is also compared with what it should be.
package offline
