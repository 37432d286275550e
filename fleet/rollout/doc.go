// Package rollout carries out the decisions of package restart: it starts a rollout, undoes it, or evicts a pod. It
// is the only package below fleet that changes anything.
//
// A rollout sets the annotation of 'kubectl rollout restart' on the pod template, and a mark with the previous value on
// the workload. The mark is removed only when the restart succeeds, so that a later run can continue an interrupted one.
// Every change includes the resource version that it is based on, or the UID of the pod.
package rollout
