package supervisor

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Config defines what to run and how. New replaces zero durations and a zero LogBytes with defaults.
type Config struct {
	// Args are the Collector's path and arguments.
	Args []string
	// Stdout and Stderr receive the Collector's output; Stderr also the supervisor's own log.
	Stdout, Stderr io.Writer
	// MemoryLimit is the container's memory limit in bytes, see ContainerMemoryLimit. 0: none.
	MemoryLimit int64
	// Backoff is the longest delay before the first restart, default 1s. It doubles with each
	// restart up to MaxBackoff, default 1m; the delay is a random part of it.
	Backoff, MaxBackoff time.Duration
	// StableAfter is the running time after which the back-off starts over, default 1m.
	StableAfter time.Duration
	// LogBytes is how much of the last output is kept, default 64 KiB.
	LogBytes int
	// StartupAddress is where the Collector accepts connections once it has started, default 127.0.0.1:4318.
	StartupAddress string
	// StartupLimit is the longest time for which a startup probe waits for that, default 30s, at most 2m.
	StartupLimit time.Duration
}

// Supervisor runs one Collector. Only Run changes it; Status and Handler may be called at any time.
type Supervisor struct {
	config   Config
	logger   *slog.Logger
	log      *ring
	status   status
	gate     gate
	child    *process
	failures int // in a row, without a stable run between
	stopping bool
}

// New returns a supervisor that has not started anything yet.
func New(config Config) (*Supervisor, error) {
	if len(config.Args) == 0 {
		return nil, errors.New("no command to run; expected the Collector's path and arguments")
	}
	setDefault(&config.Backoff, time.Second)
	setDefault(&config.MaxBackoff, time.Minute)
	setDefault(&config.StableAfter, time.Minute)
	setDefault(&config.LogBytes, 64<<10)
	setDefault(&config.StartupLimit, 30*time.Second)
	setDefault(&config.StartupAddress, "127.0.0.1:4318")
	logger := slog.New(slog.NewTextHandler(config.Stderr, nil)).With("component", "collector-supervisor")
	return &Supervisor{
		config: config,
		logger: logger,
		log:    newRing(config.LogBytes),
		gate: gate{
			accepts: dials(config.StartupAddress), limit: min(config.StartupLimit, longestStartup),
			logger: logger, since: time.Now(),
		},
	}, nil
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// Run starts the Collector again and again, and returns when the process received a signal to stop
// and the Collector has exited. SIGTERM and SIGINT stop the Collector, the second of them kills it;
// SIGHUP, which makes a Collector read its configuration again, is forwarded.
func (s *Supervisor) Run() {
	// SIGCHLD has a separate channel, so that many orphans cannot displace a signal to stop.
	children, signals := make(chan os.Signal, 1), make(chan os.Signal, 4)
	signal.Notify(children, syscall.SIGCHLD)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(children)
	defer signal.Stop(signals)
	// Without this, Go ends the process when its own output is a broken pipe.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	adoptOrphans(s.logger)
	s.logger.Info("supervising", "command", s.config.Args[0], "memory_limit", s.config.MemoryLimit, "pid", os.Getpid())
	restart := time.NewTimer(0)
	defer restart.Stop()
	measure := time.NewTicker(measureEvery)
	defer measure.Stop()
	measured := 0
	for {
		select {
		case <-restart.C:
			if s.start(restart) {
				measured = 0
				measure.Reset(measureEvery)
			}
		case <-measure.C:
			if measured++; measured == measureTimes || s.child == nil {
				measure.Stop()
			}
			if s.child != nil {
				limitMemory(s.child.pid, s.config.MemoryLimit, 0, s.logger)
			}
		case <-children:
			s.reap(restart)
		case received := <-signals:
			if received == syscall.SIGHUP {
				s.forward(syscall.SIGHUP)
			} else {
				s.stop()
			}
		}
		if s.stopping && s.child == nil {
			s.logger.Info("stopped")
			return
		}
	}
}

func (s *Supervisor) start(restart *time.Timer) bool {
	if s.stopping {
		return false
	}
	child, err := startProcess(s.config, s.log)
	if err != nil {
		s.exited(restart, outcome{code: -1, reason: fmt.Sprintf("cannot start: %v", err)})
		return false
	}
	s.child = child
	limitMemory(child.pid, s.config.MemoryLimit, runtimeTables, s.logger)
	s.status.started(child.startedAt)
	s.logger.Info("Collector started", "pid", child.pid, "restarts", s.status.read().Restarts)
	return true
}

// reap collects every process that has ended. Several may end before one SIGCHLD is delivered.
func (s *Supervisor) reap(restart *time.Timer) {
	for {
		var state syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &state, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if s.child != nil && pid == s.child.pid {
			s.child.drain()
			s.exited(restart, s.child.outcome(state, s.log))
		}
	}
}

// exited logs why the Collector exited and schedules its next start.
func (s *Supervisor) exited(restart *time.Timer, o outcome) {
	s.child = nil
	s.status.exited(o)
	attributes := []any{"exit_code", o.code, "ran", o.ran.Round(time.Millisecond)}
	if o.signal != "" {
		attributes = append(attributes, "signal", o.signal)
	}
	if o.reason != "" {
		attributes = append(attributes, "reason", o.reason)
	}
	if s.stopping {
		s.logger.Info("Collector exited", attributes...)
		return
	}
	if o.ran >= s.config.StableAfter {
		s.failures = 0
	}
	delay := s.backoff()
	s.failures++
	s.logger.Warn("Collector exited", append(attributes, "restart_in", delay.Round(time.Millisecond))...)
	restart.Reset(delay)
}

// backoff returns a random part of a delay that doubles with each failure ("full jitter").
func (s *Supervisor) backoff() time.Duration {
	longest := s.config.MaxBackoff
	if shifted := s.config.Backoff << min(s.failures, 20); shifted > 0 && shifted < longest {
		longest = shifted
	}
	return rand.N(longest) + 1
}

func (s *Supervisor) stop() {
	if s.stopping {
		s.logger.Warn("second signal to stop: killing the Collector")
		s.forward(syscall.SIGKILL)
		return
	}
	s.stopping = true
	s.forward(syscall.SIGTERM)
}

func (s *Supervisor) forward(signal syscall.Signal) {
	if s.child == nil {
		return
	}
	if err := syscall.Kill(s.child.pid, signal); err != nil {
		s.logger.Warn("cannot signal the Collector", "signal", signal.String(), "error", err)
	}
}
