// Package restart decides how workloads with out-of-date pods are restarted: which are left alone and why ([Plan]),
// and the next action for one of them ([Course]).
//
// A course has two methods. Rollout changes the pod template, so that the workload's own strategy replaces its
// pods; 'telepod restart' does that. Evict removes one pod after the other; the controller of 'telepod repair' does
// that, with fewer permissions. Both first check that the injector would update a new pod, wait for
// PodDisruptionBudgets, and stop at the first new pod that is not up to date: no pod is replaced twice.
//
// Decisions are pure: clocks and clusters are parameters. [Runner] carries them out; its sibling package rollout
// talks to the API server. All state is in the cluster, so the next run continues an interrupted one.
package restart
