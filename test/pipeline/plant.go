package pipeline

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/telepod/telepod/test/collector"
)

// Plant is a rig of Collectors, links and back ends on this machine.
type Plant struct {
	// Backends is nil if the test has its own store.
	*Backends

	program string
	dir     string
	network string // the first three bytes of every address
	first   int    // the fourth byte of the first address
	used    int
}

// perPlant is how many addresses a plant can assign.
const perPlant = 40

// unused contains the first addresses of the plants that parallel tests of this process may still create.
var unused = func() chan int {
	all := make(chan int, 6)
	for i := range cap(all) {
		all <- 1 + i*perPlant
	}
	return all
}()

// NewPlant starts the back ends. Everything stops with the test.
func NewPlant(t testing.TB) *Plant {
	t.Helper()
	p := newPlant(t)
	p.Backends = StartBackends(t, p.Address())
	return p
}

// newPlant creates a plant without back ends.
func newPlant(t testing.TB) *Plant {
	t.Helper()
	program, err := collector.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Concurrent test processes use different networks, and concurrent tests of a process different parts of one.
	pid, first := os.Getpid(), <-unused
	t.Cleanup(func() { unused <- first })
	p := &Plant{program: program, dir: t.TempDir(), network: fmt.Sprintf("127.%d.%d", 100+pid/250%100, 1+pid%250), first: first}
	if err := os.Mkdir(p.Certificates(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeCertificates(p.Certificates(), p.addresses()); err != nil {
		t.Fatal(err)
	}
	return p
}

// Address returns an unused loopback address.
func (p *Plant) Address() string {
	p.used++
	return p.address(p.used)
}

// addresses are all addresses that the plant can assign.
func (p *Plant) addresses() []string {
	var all []string
	for n := range perPlant {
		all = append(all, p.address(n+1))
	}
	return all
}

// address is the plant's nth address, from 1.
func (p *Plant) address(n int) string { return p.network + "." + strconv.Itoa(p.first+n-1) }

// Certificates returns the directory of ca.crt, tls.crt and tls.key, which are valid for both sides of mutual TLS on
// every address of the plant.
func (p *Plant) Certificates() string { return filepath.Join(p.dir, "certificates") }

// Link returns a link, on its own address, to a port of a target.
func (p *Plant) Link(t testing.TB, address, port string) *Link {
	t.Helper()
	return NewLink(t, net.JoinHostPort(p.Address(), port), net.JoinHostPort(address, port))
}

// Region creates a regional Collector that sends to these two addresses, host:port. configs are additional
// values of --config, which override the chart's.
func (p *Plant) Region(t testing.TB, central [2]string, configs ...string) *Node {
	t.Helper()
	config := p.Render(t, RegionValues(central), Regional)
	region := p.node("region", append([]string{config, offCluster}, configs...))
	region.run.Env = append(region.run.Env, "GOMEMLIMIT=410MiB") // as for the chart's limit of 512 MiB
	return region
}

// Central creates the Collector of a central site without separate samplers.
func (p *Plant) Central(t testing.TB, name string, s Stores) *Node {
	t.Helper()
	return p.node(name, append([]string{p.Render(t, CentralValues(s, 1), Central)}, testArchive()...))
}

func (p *Plant) node(name string, configs []string) *Node {
	address := p.Address()
	return &Node{Name: name, Address: address, run: collector.Run{
		Program: p.program, Configs: configs, Gates: gates, Health: "http://" + net.JoinHostPort(address, "13133"),
		Env: []string{
			"K8S_POD_IP=" + address, "K8S_POD_NAME=" + name, "K8S_NODE_NAME=node",
			"CLOUD_REGION=us-east-1", "QUEUE_DIR=" + p.Queue(name), "TLS_DIR=" + p.Certificates(),
			"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
			"GOMEMLIMIT=1GiB", "GOGC=400",
		},
	}}
}

// Queue is the directory of a node's disk queues.
func (p *Plant) Queue(name string) string { return filepath.Join(p.dir, name, "queue") }
