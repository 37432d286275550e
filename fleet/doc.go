// Package fleet compares running pods with what the injector would do to them now: which are current, which
// have an older profile, and which were not injected although they opt in.
//
// A pod keeps the configuration that it was created with. A change to a profile, or a label on a namespace, only
// takes effect when the workload is restarted. This package finds the workloads that need a restart, and the command.
//
// It is pure: it uses package injector for decisions, like the webhook, and reads no cluster; package inventory does
// that. Packages restart and rollout restart the workloads.
package fleet
