// Package supervisor keeps a container running whatever the Collector in it does. Kubernetes makes a
// pod NotReady, and takes it out of its Services, when a sidecar container exits; with a supervisor
// as the container's process, a Collector that crashes harms nothing but its own telemetry.
//
// It starts the Collector, starts it again with a growing random delay when it exits, forwards
// signals, reaps orphans as PID 1 must, keeps the last output, and exits only when asked to stop.
//
// Out of memory is the case that needs care: the kubelet sets memory.oom.group on cgroup v2 since
// Kubernetes 1.28 (unless singleProcessOOMKill is set), so that the kernel kills the whole container,
// supervisor included. The supervisor therefore gives the Collector a GOMEMLIMIT, and an RLIMIT_DATA
// a little below the container's limit, at which the Go runtime of the Collector ends alone.
//
// It does not read the Collector's configuration and does not know whether the Collector is healthy.
package supervisor
