package supervisor

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drainTime is how long the supervisor waits for the last output of a Collector. Its pipes stay open
// for longer only if a process that it started still has them.
const drainTime = 200 * time.Millisecond

// process is a running Collector.
type process struct {
	pid       int
	startedAt time.Time
	oomKills  int64 // of the container, before it started
	copied    chan struct{}
}

// outcome is how a Collector ended.
type outcome struct {
	code   int    // exit code; 128 + signal after a signal, -1 if it could not be started
	signal string // that ended it, or empty
	reason string // a guess, or empty
	ran    time.Duration
}

// adoptOrphans makes processes that lose their parent children of the supervisor. PID 1 adopts
// them anyway; with shareProcessNamespace the supervisor is not PID 1.
func adoptOrphans(logger *slog.Logger) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		logger.Debug("cannot adopt orphans", "error", err)
	}
}

// startProcess does not use exec.Cmd.Start: Cmd.Wait and the reaping of orphans would steal each
// other's exit statuses.
func startProcess(config Config, log *ring) (*process, error) {
	path, err := exec.LookPath(config.Args[0])
	if err != nil {
		return nil, err
	}
	stdout, stdoutWriter, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdoutWriter.Close()
	stderr, stderrWriter, err := os.Pipe()
	if err != nil {
		_ = stdout.Close()
		return nil, err
	}
	defer stderrWriter.Close()

	p := &process{startedAt: time.Now(), oomKills: oomKills(), copied: make(chan struct{})}
	p.pid, err = syscall.ForkExec(path, config.Args, &syscall.ProcAttr{
		Env:   withMemoryLimit(os.Environ(), config.MemoryLimit),
		Files: []uintptr{0, stdoutWriter.Fd(), stderrWriter.Fd()},
	})
	if err != nil {
		_, _ = stdout.Close(), stderr.Close()
		return nil, fmt.Errorf("run %s: %w", path, err)
	}
	var both sync.WaitGroup
	both.Go(func() { copyOutput(config.Stdout, log, stdout) })
	both.Go(func() { copyOutput(config.Stderr, log, stderr) })
	go func() {
		both.Wait()
		close(p.copied)
	}()
	return p, nil
}

// copyOutput continues to read if its own output is closed: a Collector must not end because of its log.
func copyOutput(to io.Writer, log *ring, from *os.File) {
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		_, _ = log.Write(buffer[:n])
		_, _ = to.Write(buffer[:n])
		if err != nil {
			return
		}
	}
}

func (p *process) drain() {
	select {
	case <-p.copied:
	case <-time.After(drainTime):
	}
}

func (p *process) outcome(state syscall.WaitStatus, log *ring) outcome {
	o := outcome{code: state.ExitStatus(), ran: time.Since(p.startedAt)}
	if state.Signaled() {
		o.signal = state.Signal().String()
		o.code = 128 + int(state.Signal())
	}
	last := log.String()
	switch {
	case oomKills() > p.oomKills:
		o.reason = "the kernel killed it: the container's memory limit was reached"
	case o.code == 2 && (strings.Contains(last, "runtime: out of memory") || strings.Contains(last, "runtime: cannot allocate memory")):
		o.reason = "it reached the memory limit that the supervisor gives it, a little below the container's"
	case state.Signaled() && state.Signal() == syscall.SIGKILL:
		o.reason = "killed from outside, or by the kernel for lack of memory"
	}
	return o
}
