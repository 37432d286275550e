// Package rollout changes workloads of a cluster as package restart decides: it starts a rollout, undoes it, or
// evicts a pod. It is the only package below fleet that changes anything.
//
// A rollout sets the annotation of 'kubectl rollout restart' on the pod template, and on the workload a mark that has
// the value from before. The mark goes away when the restart has succeeded, so a later run finds what an interrupted
// one left. Every change names the version of the object that it is based on, or the UID of the pod.
package rollout
