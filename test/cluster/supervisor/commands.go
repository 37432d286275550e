//go:build linux

package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// answer executes a client's command and reports the result. It fails only if it cannot write to the
// client.
func (s *supervisor) answer(c Command, watch func(*machine)) error {
	if err := s.obey(c, watch); err != nil {
		return s.events.Encode(Event{Error: err.Error()})
	}
	return s.events.Encode(Event{Done: true})
}

func (s *supervisor) obey(c Command, watch func(*machine)) error {
	i := slices.IndexFunc(s.machines, func(m *machine) bool { return m.Name == c.Node })
	if i < 0 || s.network == nil {
		return fmt.Errorf("no node %q: the cluster has %q", c.Node, s.nodeNames())
	}
	link := port(i + 1)
	switch c.Do {
	case "cut":
		return s.network.order("down", link)
	case "join":
		return s.network.order("up", link)
	}
	if i == 0 {
		return fmt.Errorf("%s runs the control plane: only other nodes can be stopped", c.Node)
	}
	if c.Do == "stop" {
		s.machines[i].off()
		return s.network.order("unplug", link)
	}
	select {
	case <-s.machines[i].exited:
	default:
		return fmt.Errorf("%s is running: stop it first", c.Node)
	}
	if err := hostCgroups().removeAll(s.plan.Cgroup(i + 1)); err != nil {
		return err
	}
	// Turning a machine off clears its /run.
	if err := os.RemoveAll(filepath.Join(s.machines[i].Dir, "run")); err != nil {
		return err
	}
	m, err := s.power(i + 1)
	if err != nil {
		return err
	}
	s.machines[i] = m
	watch(m)
	return nil
}
