package cluster

import (
	"github.com/telepod/telepod/test/cluster/layout"
	"github.com/telepod/telepod/test/cluster/supervisor"
)

// Options say what cluster to start. The zero value is a control plane only.
type Options struct {
	// Name is the prefix of the nodes' names, "telepod" if empty. It need not be unique.
	Name string
	// Nodes of the cluster; make([]Node, 2) is two nodes without anything special. None is
	// a control plane only, on loopback.
	Nodes []Node
	// IPv6 gives nodes, pods and Services IPv6 addresses instead of IPv4.
	IPv6 bool
	// HostDomains are domains, as "example.com", whose names all lead pods to [Cluster.Host].
	HostDomains []string
	// Names are domains whose names all lead pods to another address, as a cloud's own names do.
	Names map[string]string
	// MirrorPort is a port of [Cluster.Host] with a registry, without TLS, that nodes ask first for images of every
	// registry. 0 means none.
	MirrorPort int
	// APIServerFlags are added to the API server's, and win.
	APIServerFlags []string
	// FeatureGates are set on every Kubernetes component.
	FeatureGates map[string]bool
	// Images are docker-archive files to load before nodes are ready, besides [AppImage].
	Images []string
}

// Node is a node to start: a name, labels, a provider ID; all may be left out.
type Node = layout.Node

// NodeInfo describes a running node: its name and address, the directory of its logs.
type NodeInfo = supervisor.ReadyMachine

// AppImage is on every node: test/images/app, which prints its environment, serves HTTP,
// gets URLs and more. Its documentation is that of the command.
const AppImage = "telepod.test/app:1"

// KubeconfigVariable names an environment variable: the path of a kubeconfig of an
// existing cluster, which is then used instead of starting one. It is not KUBECONFIG, so
// that no test ever runs in a cluster that a developer just happens to be logged in to.
const KubeconfigVariable = "TELEPOD_TEST_KUBECONFIG"
