package collector

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/procattr"
)

// Run describes how to run a Collector.
type Run struct {
	// Program is the path that [Program] returned.
	Program string
	// Configs are the values of --config, merged in this order: "env:NAME", "yaml:KEY: VALUE",
	// or a path.
	Configs []string
	// Gates are the values of --feature-gates.
	Gates []string
	// Env is the complete environment.
	Env []string
	// Health is the URL that answers 200 when the Collector is ready.
	Health string
}

// Validate runs the Collector's own validation of its configuration.
func Validate(ctx context.Context, r Run) error {
	cmd := exec.CommandContext(ctx, r.Program, append([]string{"validate"}, r.flags()...)...)
	cmd.Env = r.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("validate the Collector's configuration: %w\n%s", err, out)
	}
	return nil
}

func (r Run) flags() []string {
	var flags []string
	for _, c := range r.Configs {
		flags = append(flags, "--config="+c)
	}
	for _, g := range r.Gates {
		flags = append(flags, "--feature-gates="+g)
	}
	return flags
}

// Process is a running Collector.
type Process struct {
	cmd    *exec.Cmd
	log    await.Log
	exited chan struct{}
	err    error // exit status, valid once exited is closed
}

// Start runs a Collector and waits until it is ready. The Collector stops with the test. If the test fails, its
// log is shown.
func Start(t testing.TB, r Run) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(r.Program, r.flags()...), exited: make(chan struct{})}
	p.cmd.Env = r.Env
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = procattr.DieWithParent()
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start a Collector: %v", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails only if it has exited
		<-p.exited
		if t.Failed() {
			t.Logf("log of the Collector %d:\n%s", p.cmd.Process.Pid, p.Log())
		}
	})
	if err := p.ready(r.Health); err != nil {
		t.Fatal(err)
	}
	return p
}

// ready retries until the Collector answers or exits, for up to half a minute.
func (p *Process) ready(health string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := await.OK(ctx, health)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("the Collector exited instead of starting: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("the Collector is not ready after 30 s: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop sends SIGTERM, as the kubelet does, and waits for the exit.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stop the Collector: %v", err)
	}
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		t.Fatal("the Collector is still running 30 s after SIGTERM")
	}
	if p.err != nil {
		t.Fatalf("the Collector did not shut down cleanly: %v", p.err)
	}
}

// Kill sends SIGKILL and waits for the exit.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatalf("kill the Collector: %v", err)
	}
	<-p.exited
}

// Pid returns the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Log returns what the Collector has written so far.
func (p *Process) Log() string { return p.log.String() }
