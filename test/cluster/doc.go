// Package cluster starts real Kubernetes clusters for tests, the demo and developers,
// without Docker, a registry or a virtual machine.
//
// A control plane only (etcd, API server, controller manager, scheduler, on loopback)
// runs as any user. Nodes (kubelet, containerd, runc, kube-proxy, DNS) are process trees
// in namespaces of their own, and need root on Linux. Several clusters run side by side.
//
//	c := cluster.ForTest(t, cluster.Options{Nodes: make([]cluster.Node, 2)})
//	out, err := c.Kubectl(ctx, "get", "nodes")
//
// A cluster ends with the process that started it, however that ends, and leaves no process, mount,
// network link, cgroup or file behind. A separate process, package supervisor, runs it; package layout
// plans its addresses, files and commands; package build compiles the programs.
//
// Does not: pull images (see [WriteImage] and [Cluster.LoadImage]), persist anything.
package cluster
