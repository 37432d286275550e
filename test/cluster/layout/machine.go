package layout

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
)

// Machine describes one process tree: a node in its own namespaces, or the plain processes of a control
// plane.
type Machine struct {
	Name string
	// Dir contains the machine's files; it is the working directory of plain processes.
	Dir string
	// Logs is the directory of the programs' logs, NAME.log, as the host sees it.
	Logs string
	// Path is prepended to the programs' PATH.
	Path string
	// Network is nil for plain processes, which use the network of the calling process.
	Network *Network
	// Files are written before the machine starts.
	Files []File
	Steps []Step
}

// Network is a node's view of the network.
type Network struct {
	Address netip.Prefix
	Gateway netip.Addr
	Routes  []Route
}

// Route is a range and the gateway to it.
type Route struct {
	To  netip.Prefix
	Via netip.Addr
}

// File is a file of a machine, by its absolute path.
type File struct {
	Path    string
	Content string
}

// Step starts a program. The steps of a machine run in order.
type Step struct {
	Name string
	Argv []string
	// Once marks a program that must succeed before the next step; other programs are restarted when
	// they exit.
	Once bool
	// Await is an absolute path that must exist, or an https URL that must answer 200, before the next
	// step.
	Await string
}

// Plan is the layout of a cluster.
type Plan struct {
	Spec      Spec
	Addresses Addresses
	// Dir is the cluster's directory.
	Dir string
	// Port of the API server.
	Port int
}

// ControlPlaneOnly reports whether the cluster has no nodes.
func (p Plan) ControlPlaneOnly() bool { return len(p.Spec.Nodes) == 0 }

// Server is the URL of the API server.
func (p Plan) Server() string {
	host := "127.0.0.1"
	if !p.ControlPlaneOnly() {
		host = p.Addresses.Node(1).Addr().String()
	}
	return "https://" + hostPort(host, p.Port)
}

// ServerNames are the addresses and DNS names of the API server.
func (p Plan) ServerNames() []string {
	return []string{"127.0.0.1", "localhost", p.Addresses.API().String(), p.Addresses.Node(1).Addr().String(),
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
}

// PKI is the path of a certificate, key or kubeconfig of the cluster.
func (p Plan) PKI(file string) string { return filepath.Join(p.Dir, "pki", file) }

// Kubeconfig is the path of the kubeconfig of a user of the cluster.
func (p Plan) Kubeconfig(user string) string { return p.PKI(user + ".kubeconfig") }

// NodeName is the name of node n, counted from 1.
func (p Plan) NodeName(n int) string {
	if name := p.Spec.Nodes[n-1].Name; name != "" {
		return name
	}
	return fmt.Sprintf("%s-n%d", p.Spec.Name, n)
}

// Machines lays out the whole cluster. The first machine runs the control plane.
func (p Plan) Machines() []Machine {
	if p.ControlPlaneOnly() {
		dir := filepath.Join(p.Dir, "n1")
		m := Machine{Name: p.Spec.Name, Dir: dir, Logs: filepath.Join(dir, "log")}
		m.Steps = append(p.api(dir), p.controllers()...)
		return []Machine{m}
	}
	machines := make([]Machine, len(p.Spec.Nodes))
	for i := range machines {
		machines[i] = p.machine(i + 1)
	}
	return machines
}

func (p Plan) machine(n int) Machine {
	dir := filepath.Join(p.Dir, fmt.Sprintf("n%d", n))
	m := Machine{
		Name: p.NodeName(n), Dir: dir, Logs: filepath.Join(dir, "log"), Path: p.Spec.Programs.Runtime,
		Network: &Network{Address: p.Addresses.Node(n), Gateway: p.Addresses.Host().Addr(), Routes: p.routes(n)},
		Files:   p.files(n, dir),
	}
	if n == 1 {
		m.Steps = p.api(dir)
	}
	// containerd starts and imports images while the API server starts.
	m.Steps = append(m.Steps, p.runtime(dir)...)
	if n == 1 {
		m.Steps = append(m.Steps, p.controllers()...)
	}
	m.Steps = append(m.Steps, p.kubelet(n, dir)...)
	if n == 1 {
		m.Steps = append(m.Steps, p.dns(dir))
	}
	return m
}

// routes lead to the pods of the other nodes.
func (p Plan) routes(n int) (routes []Route) {
	for other := range len(p.Spec.Nodes) {
		if other+1 != n {
			routes = append(routes, Route{To: p.Addresses.Pods(other + 1), Via: p.Addresses.Node(other + 1).Addr()})
		}
	}
	return routes
}

// Cgroup is the name of node n's cgroup, below the root of each hierarchy. It contains the index, not
// the cluster's name, so the next cluster with this index finds the leftovers of a killed one.
func (p Plan) Cgroup(n int) string { return fmt.Sprintf("telepod-%d-n%d", p.Addresses.Index, n) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
