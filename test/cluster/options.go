package cluster

import (
	"github.com/telepod/telepod/test/cluster/layout"
	"github.com/telepod/telepod/test/cluster/supervisor"
)

// Options describe a cluster. The zero value describes a control plane without nodes.
type Options struct {
	// Name is the prefix of the nodes' names, "telepod" if empty. It need not be unique.
	Name string
	// Nodes of the cluster; make([]Node, 2) are two nodes without special settings. Without any, only a
	// control plane starts, on loopback.
	Nodes []Node
	// IPv6 selects IPv6 addresses, instead of IPv4, for nodes, pods and Services.
	IPv6 bool
	// HostDomains are domains, such as "example.com", whose names all resolve to [Cluster.Host] in pods.
	HostDomains []string
	// Names maps domains to the address that all their names resolve to in pods.
	Names map[string]string
	// MirrorPort is the port of a registry without TLS on [Cluster.Host], which nodes try first for images of every
	// registry; 0 means none.
	MirrorPort int
	// APIServerFlags are appended to the API server's flags, so they override them.
	APIServerFlags []string
	// FeatureGates are set on every Kubernetes component.
	FeatureGates map[string]bool
	// Images are docker-archive files to load before nodes are ready, in addition to [AppImage].
	Images []string
}

// Node is a node to start: a name, labels, a provider ID, all optional.
type Node = layout.Node

// NodeInfo describes a running node: its name and address, the directory of its logs.
type NodeInfo = supervisor.ReadyMachine

// AppImage is on every node: test/images/app, which prints its environment, serves HTTP, fetches URLs
// and more (see its documentation).
const AppImage = "telepod.test/app:1"

// KubeconfigVariable names the environment variable with the path of an existing cluster's kubeconfig.
// If it is set, no cluster is started. It is not KUBECONFIG, so no test runs by accident in a cluster that a
// developer is logged in to.
const KubeconfigVariable = "TELEPOD_TEST_KUBECONFIG"
