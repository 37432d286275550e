package supervisor

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

// longestStartup limits Config.StartupLimit. The kubelet restarts the container if its startup probe, which asks the
// gate, fails for three minutes.
const longestStartup = 2 * time.Minute

// gate keeps a startup probe from succeeding until the Collector accepts connections, but no longer than the limit: a
// Collector that cannot start must not keep the application from starting forever. Once open, it stays open.
type gate struct {
	accepts func() bool // whether the Collector accepts connections
	limit   time.Duration
	logger  *slog.Logger

	mu       sync.Mutex
	since    time.Time
	open     bool
	timedOut bool
}

// ask reports whether the gate is open now.
func (g *gate) ask(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open {
		return true
	}
	waited := now.Sub(g.since)
	switch {
	case g.accepts():
		g.open = true
		g.logger.Info("Collector accepts connections: the startup probe succeeds", "waited", waited.Round(time.Millisecond))
	case waited >= g.limit:
		g.open, g.timedOut = true, true
		g.logger.Warn("Collector accepts no connections: the startup probe succeeds without it, so that the application starts",
			"waited", waited.Round(time.Millisecond), "limit", g.limit)
	}
	return g.open
}

// expired reports whether the limit opened the gate.
func (g *gate) expired() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.timedOut
}

// dials returns a function that reports whether something accepts connections at address.
func dials(address string) func() bool {
	return func() bool {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		_ = connection.Close()
		return true
	}
}
