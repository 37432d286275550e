// Package supervisor runs a test cluster on Linux. It is the other side of package
// cluster: a process of its own, which ends the cluster when its standard input ends, so
// in whatever way its client ends.
//
// Three roles share the program (cmd/telepod-cluster), and start one another:
//
//	supervise   reads a [layout.Spec], lays the cluster out, starts it, cleans up
//	switch      holds the network namespace with the bridge between the nodes
//	machine     process 1 of a node (or the parent of a control plane's plain processes)
//
// Every child is killed by the kernel when its parent dies. What then remains of a
// supervisor that was killed itself, cgroups and a directory, goes by index, and whoever
// claims the index next removes it.
package supervisor
