// Package injector decides whether a pod is injected, and plans the changes. When profiles load, compile
// encodes everything that does not depend on a pod (compile.go, sidecar_spec.go). A request then passes these files:
//
//	ParsePod     the few fields of a pod that matter                             decode.go decode_lists.go pod.go
//	Decide       labels and annotations of pod and namespace: inject or not       decide.go again.go
//	settings     the settings of annotations and profile, each with its origin    settings.go accept.go mistakes.go
//	Plan         the variables that all containers share, and the sidecar         planner.go placement.go sidecar.go
//	             the variables of each container                                  container.go destination.go resource.go
//	AppendPatch  the edits of the plan as JSON Patch                              patch.go
//
// Everything here is a pure function of its arguments: no client, no clock, no I/O. Package
// profiles supplies the data, package webhook sends plans as responses, and the command line prints them.
package injector
