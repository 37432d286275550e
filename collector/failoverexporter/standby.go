package failoverexporter

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// firstStandbyProbe is the longest delay of the first probe of an endpoint that is not in use.
const firstStandbyProbe = 10 * time.Second

// standbyTimer fires when an endpoint that is up should be probed. It never does if standby probes are disabled.
func (g *group) standbyTimer(first bool) <-chan time.Time {
	interval := g.config.StandbyInterval
	switch {
	case interval <= 0:
		return nil
	case first: // the nodes of a region start at the same time
		return time.After(time.Duration(rand.Float64() * float64(min(interval, firstStandbyProbe))))
	}
	return time.After(jitter(interval))
}

// standby probes an endpoint that no signal uses, to find out that it cannot replace the one in use before that one
// fails. A single failure proves nothing.
func (g *group) standby(ctx context.Context, endpoint int) {
	if g.inUse(endpoint) {
		return
	}
	began := time.Now()
	var a answer
	for range 2 {
		if a = g.tryEmpty(ctx, endpoint); ctx.Err() != nil || a.outcome.verdict() == final {
			return
		}
	}
	if g.stall.since(began, time.Now()) {
		return // the probes may have been late because this process was
	}
	g.first().telemetry.logger.Warn("An endpoint that is not in use does not answer",
		zap.String("endpoint", g.name(endpoint)), zap.String("reason", string(a.outcome)), zap.String("cause", a.message))
	g.update(func(s *selector, now time.Time) {
		g.failed(endpoint, a)
		s.lost(0, pick{endpoint: endpoint, at: began}, a.outcome, now)
	})
}

// inUse reports whether an endpoint is the active one of a signal, or is down and thus probed anyway.
func (g *group) inUse(endpoint int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for sig, s := range g.senders {
		if s != nil && g.selector.signals[sig].active == endpoint {
			return true
		}
	}
	return g.selector.health[endpoint].down
}
