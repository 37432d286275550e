// Package supervisor runs a test cluster on Linux, for package cluster. It is a separate process that
// ends the cluster when its standard input ends, that is, however its client ends.
//
// The program (cmd/telepod-cluster) has three roles, which start one another:
//
//	supervise   reads a [layout.Spec], starts that cluster, cleans up
//	switch      keeps the network namespace with the bridge between the nodes
//	machine     process 1 of a node (or the parent of a control plane's plain processes)
//
// The kernel kills every child when its parent dies. Cgroups and a directory remain if the supervisor
// itself is killed; their names contain the index, and the next cluster with that index removes them.
package supervisor
