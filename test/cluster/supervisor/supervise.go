//go:build linux

package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/telepod/telepod/test/cluster/layout"
	"github.com/telepod/telepod/test/ports"
)

// supervisor runs a cluster for a client.
type supervisor struct {
	self     string
	plan     layout.Plan
	network  *network // nil without nodes
	machines []*machine
	events   *json.Encoder
}

// errStopRequested is the cause if a cluster is stopped on request.
var errStopRequested = errors.New("stop requested")

// Supervise runs the cluster that the first line of the input describes, until the input ends or the
// process gets a signal. It leaves nothing behind.
func Supervise(in io.Reader, out io.Writer) (err error) {
	runtime.LockOSThread() // its children die with this thread
	adoptOrphans()
	s := &supervisor{events: json.NewEncoder(out)}
	if s.self, err = os.Executable(); err != nil {
		return err
	}
	input := json.NewDecoder(in)
	if err := input.Decode(&s.plan.Spec); err != nil {
		return fmt.Errorf("read the cluster's spec: %w", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	commands := listen(input, cancel)
	c, err := newClaim()
	if err != nil {
		return s.fail(err)
	}
	defer func() { err = errors.Join(err, s.stop(), c.release()) }()
	watch := func(m *machine) {
		go func() {
			<-m.exited
			if !m.stopped.Load() {
				cancel(fmt.Errorf("%s exited unexpectedly", m.Name))
			}
		}()
	}
	if err := s.start(ctx, c, watch); err != nil {
		return s.fail(err)
	}
	return s.serve(ctx, commands, watch)
}

// serve executes the client's commands until the cluster is stopped or fails.
func (s *supervisor) serve(ctx context.Context, commands <-chan Command, watch func(*machine)) error {
	if err := s.events.Encode(Event{Ready: s.ready()}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, errStopRequested) {
				return s.fail(err)
			}
			return nil
		case c := <-commands:
			if err := s.answer(c, watch); err != nil {
				return err
			}
		}
	}
}

// listen decodes the client's commands until the input ends or a signal arrives.
func listen(input *json.Decoder, cancel context.CancelCauseFunc) <-chan Command {
	// Writing to a client that has exited must return an error instead of killing this process before it
	// has cleaned up.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { cancel(fmt.Errorf("%w by signal %q", errStopRequested, <-signals)) }()
	commands := make(chan Command)
	go func() {
		for {
			var c Command
			if err := input.Decode(&c); err != nil {
				cancel(fmt.Errorf("%w: the client has exited", errStopRequested))
				return
			}
			commands <- c
		}
	}()
	return commands
}

// fail reports to the client why the cluster failed, with the logs, which are deleted with the cluster.
func (s *supervisor) fail(err error) error {
	report := err.Error()
	for _, m := range s.machines {
		report += "\n" + Tail(m.Logs, 8)
	}
	return errors.Join(err, s.events.Encode(Event{Error: report}))
}

// adoptOrphans makes this process the parent of its children's orphans, so that it can
// wait for them.
func adoptOrphans() {
	const setChildSubreaper = 36 // prctl(2); the call with a constant cannot fail
	syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
}

// start starts everything. It gives up if a machine exits meanwhile.
func (s *supervisor) start(ctx context.Context, c *claim, watch func(*machine)) error {
	s.plan.Dir = c.dir
	s.plan.Addresses = layout.Addresses{Index: c.index, IPv6: s.plan.Spec.IPv6}
	s.plan.Port = layout.APIPort
	var err error
	if s.plan.ControlPlaneOnly() {
		free, err := ports.Free("127.0.0.1", 1)
		if err != nil {
			return err
		}
		s.plan.Port = free[0]
	} else if s.network, err = newNetwork(s.self, c.link(), s.plan.Addresses.Host()); err != nil {
		return err
	}
	if err := writePKI(s.plan); err != nil {
		return err
	}
	for n := range s.plan.Machines() {
		m, err := s.power(n + 1)
		if err != nil {
			return err
		}
		s.machines = append(s.machines, m)
		watch(m)
	}
	return s.await(ctx)
}

// power turns on node n, or the control plane's processes.
func (s *supervisor) power(n int) (*machine, error) {
	plug := func(int) error { return nil }
	if s.network != nil {
		plug = plugger(s.network, s.plan.Cgroup(n), n)
	}
	return power(s.self, s.plan.Machines()[n-1], plug)
}

// await waits until the cluster is ready for use.
func (s *supervisor) await(ctx context.Context) error {
	a, err := newAPI(s.plan)
	if err != nil {
		return err
	}
	if err := a.await(ctx, a.server+"/readyz"); err != nil {
		return err
	}
	if !s.plan.ControlPlaneOnly() {
		if err := a.publishDNS(ctx, s.plan.Addresses); err != nil {
			return err
		}
	}
	// Pods cannot be created before this account exists.
	if err := a.await(ctx, a.server+"/api/v1/namespaces/default/serviceaccounts/default"); err != nil {
		return err
	}
	if s.plan.ControlPlaneOnly() {
		return nil
	}
	if err := a.awaitNodes(ctx, s.nodeNames()); err != nil {
		return err
	}
	return a.await(ctx, s.plan.DNSReady())
}

func (s *supervisor) nodeNames() (names []string) {
	for _, m := range s.machines {
		names = append(names, m.Name)
	}
	return names
}

func (s *supervisor) ready() *Ready {
	r := &Ready{Kubeconfig: s.plan.Kubeconfig("admin"), Host: "127.0.0.1"}
	if s.network != nil {
		r.Host = s.plan.Addresses.Host().Addr().String()
	}
	for n, m := range s.machines {
		ready := ReadyMachine{Name: m.Name, Address: m.address(), Logs: m.Logs, Containerd: m.socket()}
		if m.Network != nil {
			ready.Disk, ready.Cgroup = filepath.Join(m.Dir, "disk"), s.plan.Cgroup(n+1)
		}
		r.Machines = append(r.Machines, ready)
	}
	return r
}

// stop stops the cluster: nodes first, then the network between them.
func (s *supervisor) stop() error {
	for _, m := range s.machines {
		m.off()
	}
	if s.network != nil {
		return s.network.close()
	}
	return nil
}
