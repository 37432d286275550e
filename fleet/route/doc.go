// Package route follows the telemetry of a workload: from its pods to a sidecar or the Collector of their node, to the
// central site in use, and to the stores behind it. It names the hop that does not forward it.
//
// It is pure, and reuses other packages: problems and repairs come from package checks, the site in use from package
// status.
package route
