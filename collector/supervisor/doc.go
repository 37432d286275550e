// Package supervisor keeps a container running whatever happens to the Collector in it. Kubernetes makes a
// pod NotReady, and removes it from its Services, when a sidecar container exits. With a supervisor
// as the container's process, a Collector that crashes harms only its own telemetry.
//
// It starts the Collector, restarts it with a growing random delay when it exits, forwards
// signals, reaps orphans as PID 1 must, keeps the last output, and exits only when asked to stop.
//
// Out of memory is the case that needs care: the kubelet sets memory.oom.group on cgroup v2 since
// Kubernetes 1.28 (unless singleProcessOOMKill is set), so that the kernel kills the whole container,
// supervisor included. The supervisor therefore gives the Collector a GOMEMLIMIT, and an RLIMIT_DATA
// a little below the container's limit. At that limit only the Collector's Go runtime exits.
//
// A startup probe may wait until the Collector accepts connections, for a limited time. Apart from that,
// the supervisor does not check the Collector's health, and does not read its configuration.
package supervisor
