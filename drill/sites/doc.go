// Package sites is what a drill needs of Kubernetes: regional Collectors, reached through the API
// server's proxy to their pods; the central site that is failed and restored; the spare; and the
// Leases that keep two drills apart.
//
//	parts.go      an estate of these clusters
//	cluster.go    connections: kubeconfig contexts, or the cluster of this pod
//	region.go     Collectors: who there is, their metrics, canaries for them
//	metrics.go    the few metrics that matter
//	central.go    a central site: is it ready, is it healthy
//	failures.go   what fails it, and the restoration of all of that
//	policies.go   the NetworkPolicies of a partition
//	guard.go      the Leases
//	facts.go      versions and users, for the record
//
// What a drill changes carries a mark, so that [Central.Restore] finds it whichever process changed it,
// and may be called at any time.
package sites
