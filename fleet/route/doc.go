// Package route follows the telemetry of a workload: from its pods to a sidecar or the Collector of their node, to the
// central site in use, and to the stores behind it. It names the hop that does not pass it on.
//
// It is pure, and makes no checks of its own: problems and repairs are those of package checks, and the site in use is
// that of package status.
package route
