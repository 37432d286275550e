package supervisor

// Event is a line of JSON that the supervisor writes to its client: one with Ready or
// Error after the [layout.Spec], and one Done or Error for each [Command].
type Event struct {
	Ready *Ready `json:",omitempty"`
	Done  bool   `json:",omitempty"`
	Error string `json:",omitempty"`
}

// Ready describes a cluster whose nodes are ready.
type Ready struct {
	Kubeconfig string
	// Host is the address at which the API server and pods reach this machine.
	Host string
	// Machines are the nodes, or the one machine that runs the control plane.
	Machines []ReadyMachine
}

// ReadyMachine is a running node.
type ReadyMachine struct {
	Name    string
	Address string
	Logs    string // directory of NAME.log files
	// Disk is the node's /var/lib/telepod, as the host sees it; empty without nodes.
	Disk string `json:",omitempty"`
	// Cgroup is the node's cgroup, below the root of each hierarchy; empty without nodes.
	Cgroup string `json:",omitempty"`
	// Containerd is the socket of its container runtime, empty without one.
	Containerd string `json:",omitempty"`
}

// Command is a line of JSON that the client writes.
type Command struct {
	// Do is "stop", "start" (a node: power off and on), "cut" or "join" (its network).
	Do   string
	Node string
}
