package failoverexporter

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"
)

// group is what the three signals of one component share: the sites with their connections, and the selector.
type group struct {
	config     *Config
	sites      []*site
	compressor *compressor
	stall      *stallWatch

	mu       sync.Mutex
	selector *selector
	senders  [signalCount]*sender
	// accepted counts, by signal and endpoint, the batches that were answered for good.
	accepted [signalCount][]uint64
	// causes are the latest failures of each endpoint, for the log.
	causes []string
	// changed is closed, and replaced, when waiting batches should choose again.
	changed chan struct{}
	waiting int
	// wake has a channel for each site, which is signaled when the site is down.
	wake []chan struct{}

	started int
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

func newGroup(c *Config, set exporter.Settings) *group {
	g := &group{config: c, compressor: newCompressor(c.Compression, c.CompressionParams), stall: &stallWatch{}, changed: make(chan struct{})}
	for _, e := range c.Endpoints {
		g.sites = append(g.sites, newSite(c, e, set))
		g.wake = append(g.wake, make(chan struct{}, 1))
	}
	g.causes = make([]string, len(g.sites))
	for sig := range signalCount {
		g.accepted[sig] = make([]uint64, len(g.sites))
	}
	g.selector = newSelector(len(g.sites), timing{
		returnAfter: c.ReturnAfter, maxRetryAfter: c.MaxRetryAfter,
		firstBackOff: c.RetryConfig.InitialInterval, maxBackOff: c.RetryConfig.MaxInterval,
	}, time.Now())
	return g
}

// start sets up the sites when the first signal starts. An endpoint that is down is not an error.
func (g *group) start(ctx context.Context, host component.Host) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started > 0 {
		g.started++
		return nil
	}
	for _, s := range g.sites {
		if err := s.connect(ctx, g.config, host); err != nil {
			return err
		}
	}
	g.started++
	running, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.done.Go(func() { g.stall.run(running) })
	for i := range g.sites {
		g.done.Go(func() { g.watch(running, i) })
	}
	return nil
}

// shutdown stops the probes when the last signal stops.
func (g *group) shutdown() {
	g.mu.Lock()
	g.started--
	last := g.started == 0
	g.mu.Unlock()
	if !last {
		return
	}
	g.cancel()
	g.done.Wait()
	for _, s := range g.sites {
		s.close()
	}
}

var (
	errNoEndpoint = errors.New("no endpoint accepts the data now")
	errStopping   = errors.New("no endpoint accepts the data, and the exporter is shutting down")
)

// pick waits for an endpoint. It returns an error instead if retries are disabled.
func (g *group) pick(ctx context.Context, s *sender) (pick, error) {
	for {
		g.mu.Lock()
		p, rest, ok := g.selector.choose(s.signal, time.Now())
		changed := g.changed
		if !ok {
			g.waiting++
		}
		g.mu.Unlock()
		if ok {
			return p, nil
		}
		err := s.wait(ctx, rest, changed)
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
		if err != nil {
			return pick{}, err
		}
	}
}

// update changes the selector's state. It wakes probes and waiting batches, and reports switches.
func (g *group) update(change func(*selector, time.Time)) {
	g.mu.Lock()
	change(g.selector, time.Now())
	switches := g.selector.changes()
	for i, h := range g.selector.health {
		if h.down {
			select {
			case g.wake[i] <- struct{}{}:
			default:
			}
		}
	}
	if g.waiting > 0 {
		close(g.changed)
		g.changed = make(chan struct{})
	}
	senders, causes := g.senders, slices.Clone(g.causes)
	g.mu.Unlock()
	for _, c := range switches {
		if s := senders[c.signal]; s != nil {
			cause := ""
			if c.from != none {
				cause = causes[c.from]
			}
			s.telemetry.switched(g.name(c.from), g.name(c.to), cause, c)
		}
	}
}

// failed records why an endpoint rejected a batch. The caller must hold the lock, as inside update.
func (g *group) failed(endpoint int, a answer) { g.causes[endpoint] = a.message }

// name returns the name of an endpoint for logs and metrics.
func (g *group) name(endpoint int) string {
	if endpoint == none {
		return "none"
	}
	return g.sites[endpoint].config.Name
}

const (
	// probeTimeout is enough for a connection and a request over a slow link.
	probeTimeout = time.Second
	// maxProbes bounds the concurrent probes of one endpoint: while it is silent, a new probe need not wait for the
	// previous one.
	maxProbes = 4
	// longOutage is the time after which an endpoint is probed less often: a site that returns must not be kept busy by
	// the probes of a thousand nodes, and after that time a few tenths of a second no longer matter.
	longOutage = 30 * time.Second
	// longFactor multiplies the time between probes during a long outage.
	longFactor = 4
)

// watch probes an endpoint: often while it is down, rarely while it is not in use.
func (g *group) watch(ctx context.Context, endpoint int) {
	var probes sync.WaitGroup
	defer probes.Wait()
	var running atomic.Int32
	again := g.standbyTimer(true)
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.wake[endpoint]:
		case <-again:
			g.standby(ctx, endpoint)
			again = g.standbyTimer(false)
			continue
		}
		for since, down := g.down(endpoint); down; since, down = g.down(endpoint) {
			pause, limit := g.config.ProbeInterval, int32(maxProbes)
			if time.Since(since) > longOutage {
				pause, limit = longFactor*pause, maxProbes/2
			}
			if running.Load() < limit {
				running.Add(1)
				probes.Go(func() {
					defer running.Add(-1)
					g.probe(ctx, endpoint)
				})
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(jitter(pause)):
			}
		}
	}
}

// jitter varies a pause by a quarter in both directions: all nodes of a region lose a site at the same time.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

// down reports whether an endpoint is down, and since when.
func (g *group) down(endpoint int) (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := &g.selector.health[endpoint]
	return h.downSince, h.down
}

func (g *group) probe(ctx context.Context, endpoint int) {
	began := time.Now()
	ok := g.tryEmpty(ctx, endpoint).outcome.verdict() == final
	if ctx.Err() != nil {
		return
	}
	g.update(func(s *selector, now time.Time) { s.probed(endpoint, ok, began, now) })
}

// tryEmpty sends an empty request of a signal that this component exports.
func (g *group) tryEmpty(ctx context.Context, endpoint int) answer {
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	first := g.first()
	a := g.sites[endpoint].probe(limited, first.signal)
	first.telemetry.probed(ctx, g.name(endpoint), a.outcome.verdict() == final)
	return a
}

// first returns the sender of the first signal that this component exports.
func (g *group) first() *sender {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.senders {
		if s != nil {
			return s
		}
	}
	return nil
}

// join registers a signal's sender.
func (g *group) join(s *sender) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.senders[s.signal] = s
	s.telemetry.logger.Debug("Sending over the connections of this component", zap.Int("endpoints", len(g.sites)))
}
