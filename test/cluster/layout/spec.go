package layout

// Spec describes a cluster to start.
type Spec struct {
	// Name is the prefix of the nodes' names.
	Name string
	// Nodes of the cluster. Without any, only a control plane starts, on loopback.
	Nodes []Node
	// IPv6 selects IPv6 addresses, instead of IPv4, for nodes, pods and Services.
	IPv6 bool
	// HostDomains are domains whose names all resolve to the host.
	HostDomains []string
	// Names maps domains to the address that all their names resolve to.
	Names map[string]string
	// MirrorPort is the port of a registry on the host that nodes try first for every image; 0 means none.
	MirrorPort int
	// APIServerFlags are appended to the API server's flags, so they override them.
	APIServerFlags []string
	// FeatureGates are set on every Kubernetes component.
	FeatureGates map[string]bool
	Programs     Programs
	// Images are docker-archive files that every node imports before it is Ready.
	Images []string
}

// Node describes a node to start.
type Node struct {
	// Name of the node; empty means the cluster's name with -n1, -n2, …
	Name string
	// Labels that the kubelet registers the node with: topology.kubernetes.io/region and /zone, and
	// any outside kubernetes.io.
	Labels map[string]string
	// ProviderID of the node's spec, such as aws:///us-east-1a/i-0123456789abcdef0.
	ProviderID string
}

// Programs are absolute paths of a cluster's programs.
type Programs struct {
	Kube    string // the multi-call Kubernetes binary
	CoreDNS string
	Runtime string // directory of containerd, its shim, ctr and the CNI plugins
}

// PauseImage is the image of every pod's sandbox; a Spec's images must include it.
const PauseImage = "telepod.test/pause:1"
