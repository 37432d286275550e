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
// A cluster ends with the process that started it, in whatever way that ends, and leaves
// no process, mount, link, cgroup or file. It is run by a process of its own, package
// supervisor; what goes where is planned by package layout; the programs come from
// package build.
//
// Does not: pull images (see [WriteImage] and [Cluster.LoadImage]), persist anything.
package cluster
