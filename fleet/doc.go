// Package fleet compares running pods with what the injector would do to them now: which are current, which
// have an older profile, and which have nothing although they opt in.
//
// A pod keeps what it was created with. A change of a profile, or a label on a namespace, reaches it when its
// workload is restarted; this package finds the workloads that still need that, and names the command.
//
// Pure: it decides by package injector, like the webhook, and reads no cluster. Package inventory, below it,
// does. Packages restart and rollout restart such workloads.
package fleet
