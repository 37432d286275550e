// Package restart decides how workloads with out-of-date pods are restarted: which are left alone and why ([Plan]),
// and what comes next for one of them ([Course]).
//
// A course has two methods. Rollout changes the pod template, so that the workload's own strategy replaces its
// pods; 'telepod restart' does that. Evict removes one pod after the other; the controller of 'telepod repair' does
// that, with fewer rights. Both ask the injector first whether a new pod would be up to date, wait for
// PodDisruptionBudgets, and stop at the first new pod that is not up to date: no pod is replaced twice.
//
// Decisions are pure: clocks and clusters are parameters. [Runner] carries them out; package rollout, its neighbour,
// talks to the API server. All state is in the cluster: a run that was interrupted is continued by the next one.
package restart
