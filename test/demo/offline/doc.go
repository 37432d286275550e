// Package offline is the demo without root, and so without nodes: a Kubernetes control plane stores the injected pods
// of three clouds, but does not run them.
//
//	offline.go    the steps, in order, and the cleanup in every case
//	setup.go      programs, control plane, the webhook as a process
//	shop.go       three Deployments: their variables and telepod.dev/status
//	jobs.go       three Jobs with a sidecar
//	mistakes.go   a pod that opted out, and two with typing mistakes
//	inspect.go    suggestions with -keep, and logs after a failure
//	observe.go    reads what the API server stored
//	expect.go     the expected values
//
// It applies manifests/, and compares everything that it shows with the expected values.
package offline
