// Package cluster starts real Kubernetes clusters for tests, the demo and developers,
// without Docker, a registry or a virtual machine.
//
// A control plane without nodes (etcd, API server, controller manager, scheduler, on loopback) runs as any
// user. Nodes (kubelet, containerd, runc, kube-proxy, DNS) are process trees in their own namespaces, and need
// root on Linux. Several clusters can run at the same time.
//
//	c := cluster.ForTest(t, cluster.Options{Nodes: make([]cluster.Node, 2)})
//	out, err := c.Kubectl(ctx, "get", "nodes")
//
// A cluster stops when the process that started it exits or is killed, and leaves no process, mount,
// network link, cgroup or file behind. A separate process, package supervisor, runs it; package layout
// plans its addresses, files and commands; package build compiles the programs.
//
// It persists nothing. Nodes pull images only with [Options.MirrorPort]; otherwise see [WriteImage] and [Cluster.LoadImage].
package cluster
