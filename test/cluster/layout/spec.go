package layout

// Spec is a cluster that is asked for.
type Spec struct {
	// Name is the prefix of the nodes' names.
	Name string
	// Nodes of the cluster. None is a control plane only, on loopback.
	Nodes []Node
	// IPv6 gives nodes, pods and Services IPv6 addresses instead of IPv4.
	IPv6 bool
	// HostDomains are domains whose names all lead to the host.
	HostDomains []string
	// Names are domains whose names all lead to another address.
	Names map[string]string
	// MirrorPort of the host has a registry that nodes ask first for every image; 0 means none.
	MirrorPort int
	// APIServerFlags come after the API server's own, so that they win.
	APIServerFlags []string
	// FeatureGates are set on every Kubernetes component.
	FeatureGates map[string]bool
	Programs     Programs
	// Images are docker-archive files that every node imports before it is Ready.
	Images []string
}

// Node is a node that is asked for.
type Node struct {
	// Name of the node; empty is the cluster's name with -n1, -n2, …
	Name string
	// Labels the kubelet registers the node with. It may set topology.kubernetes.io/region
	// and /zone, and any that is not below kubernetes.io.
	Labels map[string]string
	// ProviderID of the node's spec, as aws:///us-east-1a/i-0123456789abcdef0.
	ProviderID string
}

// Programs are absolute paths of what runs in a cluster.
type Programs struct {
	Kube    string // the multi-call Kubernetes binary
	CoreDNS string
	Runtime string // directory of containerd, its shim, ctr and the CNI plugins
}

// PauseImage is the image of every pod's sandbox; it has to be among the images of a Spec.
const PauseImage = "telepod.test/pause:1"
