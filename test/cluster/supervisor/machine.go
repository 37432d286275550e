//go:build linux

package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/telepod/telepod/test/cluster/layout"
)

// machine is a running [layout.Machine], as the host sees it.
type machine struct {
	layout.Machine
	cmd *exec.Cmd
	// exited is closed when its first process has exited. If it was turned off, stopped is set before
	// that.
	exited  chan struct{}
	stopped atomic.Bool
}

// power starts the machine's first process: in new namespaces if it has a network of its own, otherwise
// in a process group. plug is called when the process exists, before it continues.
//
// It must run on a locked thread: the kernel kills the child when the thread that forked it dies.
func power(self string, m layout.Machine, plug func(pid int) error) (*machine, error) {
	if err := prepare(m); err != nil {
		return nil, fmt.Errorf("prepare %s: %w", m.Name, err)
	}
	log, err := os.OpenFile(filepath.Join(m.Logs, "init.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(self, "machine", filepath.Join(m.Dir, "machine.json"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if m.Network != nil {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
	}
	gate, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", m.Name, err)
	}
	r := &machine{Machine: m, cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it was killed, or its log has the reason
		close(r.exited)
	}()
	if err := plug(cmd.Process.Pid); err != nil {
		r.off()
		return nil, fmt.Errorf("connect %s: %w", m.Name, err)
	}
	_, err = gate.Write([]byte("go"))
	gate.Close()
	return r, err
}

// prepare writes the machine's input files.
func prepare(m layout.Machine) error {
	spec, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	dirs := []string{m.Logs}
	if m.Network != nil {
		dirs = append(dirs, filepath.Join(m.Dir, "overlay"))
		for name := range layout.Mounts() {
			dirs = append(dirs, filepath.Join(m.Dir, name))
		}
	}
	for _, f := range m.Files {
		dirs = append(dirs, filepath.Dir(f.Path))
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, f := range append(m.Files, layout.File{Path: filepath.Join(m.Dir, "machine.json"), Content: string(spec)}) {
		if err := os.WriteFile(f.Path, []byte(f.Content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// off kills everything on the machine, like a power cut. When process 1 of a node dies, the kernel kills
// its whole PID namespace first. Plain processes form a process group; this process adopts the orphans
// (see [Supervise]), so it can wait for each.
func (r *machine) off() {
	pid := r.cmd.Process.Pid
	r.stopped.Store(true)
	_ = syscall.Kill(-pid, syscall.SIGKILL) // fails if none is left
	<-r.exited
	if r.Network != nil {
		return
	}
	for {
		if _, err := syscall.Wait4(-pid, nil, 0, nil); err != nil && err != syscall.EINTR {
			return
		}
	}
}

// socket is the path of containerd's socket on the host.
func (r *machine) socket() string {
	if r.Network == nil {
		return ""
	}
	return filepath.Join(r.Dir, layout.ContainerdSocket)
}

func (r *machine) address() string {
	if r.Network == nil {
		return "127.0.0.1"
	}
	return r.Network.Address.Addr().String()
}

// plugger connects node n and creates its cgroup: both need the process to exist.
func plugger(net *network, cgroup string, n int) func(pid int) error {
	return func(pid int) error {
		groups := hostCgroups()
		if err := groups.create(cgroup); err != nil {
			return err
		}
		if err := groups.enter(cgroup, pid); err != nil {
			return err
		}
		return net.order("plug", port(n), strconv.Itoa(pid))
	}
}

// port is the switch's end of the link to node n.
func port(n int) string { return fmt.Sprintf("n%d", n) }
