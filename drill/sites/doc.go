// Package sites implements a drill's interfaces for Kubernetes: regional Collectors, accessed through the API
// server's pod proxy; the central site to fail and restore; the spare; and the Leases that prevent two drills
// at the same time.
//
//	parts.go      combines clusters into an estate
//	cluster.go    connections: kubeconfig contexts, or the cluster of this pod
//	region.go     regional Collectors: list, metrics, canaries
//	metrics.go    parses their metrics
//	central.go    readiness and health of a central site
//	failures.go   failing and restoring a central site
//	policies.go   NetworkPolicies of a partition
//	guard.go      Leases
//	facts.go      versions and users, for the audit record
//
// Changed objects are marked, so that [Central.Restore] works in any process and at any time.
package sites
