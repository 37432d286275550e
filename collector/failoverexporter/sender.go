package failoverexporter

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/telepod/telepod/collector/encoded"
)

// sender delivers the batches of one signal.
type sender struct {
	signal    signal
	group     *group
	retry     configretry.BackOffConfig
	filters   []filter
	telemetry *instruments
	stopping  chan struct{}
	stopOnce  sync.Once
	started   bool
	canaries  *canaries
}

func newSender(sig signal, g *group, telemetry *instruments) *sender {
	s := &sender{signal: sig, group: g, retry: g.config.RetryConfig, telemetry: telemetry, stopping: make(chan struct{}), canaries: newCanaries()}
	for _, e := range g.config.Endpoints {
		s.filters = append(s.filters, newFilter(e.Filters, sig))
	}
	g.join(s)
	return s
}

func (s *sender) start(ctx context.Context, host component.Host) error {
	if err := s.group.start(ctx, host); err != nil {
		return err
	}
	s.started = true
	return s.telemetry.observe(s)
}

// stop makes batches that wait for an endpoint give up, so that the queue keeps them. It must be called before
// exporterhelper's own shutdown, which waits for them.
func (s *sender) stop() { s.stopOnce.Do(func() { close(s.stopping) }) }

func (s *sender) shutdown(context.Context) error {
	if !s.started {
		return nil
	}
	err := s.telemetry.close()
	s.group.shutdown()
	return err
}

// maxVerifications is how often one batch is resent immediately to an endpoint that works but whose connection broke.
const maxVerifications = 2

// poisonLimit is how often an endpoint may fail on a batch while it accepts others, before the batch is dropped.
const poisonLimit = 4

// send delivers a batch to an endpoint that accepts it. The error is permanent if no endpoint will ever accept the batch,
// and not permanent if send gave up waiting.
func (s *sender) send(ctx context.Context, req xexporterhelper.Request) error {
	b, ok := req.(*batch)
	if !ok || b.signal != s.signal {
		return consumererror.NewPermanent(fmt.Errorf("send a %T as %s: it is not a batch of that signal", req, s.signal))
	}
	if s.retry.Enabled && s.retry.MaxElapsedTime > 0 {
		limited, cancel := context.WithTimeout(ctx, s.retry.MaxElapsedTime)
		defer cancel()
		ctx = limited
	}
	verified := make([]int, len(s.group.sites))
	var last answer
	for {
		err := ctx.Err()
		var p pick
		if err == nil {
			p, err = s.group.pick(ctx, s)
		}
		if err != nil {
			if last.message != "" {
				err = fmt.Errorf("%w: %s", err, last.message)
			}
			return err
		}
		done, a, err := s.try(ctx, p, b, verified)
		if done || err != nil {
			return err
		}
		if a.message != "" {
			last = a
		}
	}
}

// try sends a batch to the endpoint picked, and records the outcome. It reports whether the batch is done.
func (s *sender) try(ctx context.Context, p pick, b *batch, verified []int) (bool, answer, error) {
	content, err := s.body(p.endpoint, b)
	if err != nil || content.items == 0 {
		s.group.update(func(sel *selector, _ time.Time) { sel.released(s.signal, p) })
		if err != nil {
			return true, answer{}, consumererror.NewPermanent(fmt.Errorf("prepare a batch of %s for endpoint %s: %w", s.signal, s.name(p), err))
		}
		return true, answer{}, nil
	}
	a := s.post(ctx, p, content)
	v := a.outcome.verdict()
	if a.outcome == hung && s.group.stall.since(p.at, time.Now()) {
		v = undecided
	}
	if v == undecided {
		v = s.verify(ctx, p, a.outcome, verified)
	}
	return s.judge(p, b, a, v)
}

// verify sends a request without data to interpret an ambiguous outcome: a connection that ended, for example because a
// replica behind a load balancer restarted; silence while this process was not running; or a timeout. If the endpoint
// works, the batch is sent there again. If it works but keeps failing on this batch, or was too slow, this signal avoids
// it for a while.
func (s *sender) verify(ctx context.Context, p pick, o outcome, verified []int) verdict {
	verified[p.endpoint]++
	switch ok := s.group.tryEmpty(ctx, p.endpoint).outcome.verdict() == final; {
	case ctx.Err() != nil:
		return abandoned
	case !ok:
		return lostHere
	case o == timeout || verified[p.endpoint] > maxVerifications:
		return refusedHere
	}
	return abandoned
}

func (s *sender) judge(p pick, b *batch, a answer, v verdict) (bool, answer, error) {
	switch v {
	case final:
		s.group.update(func(sel *selector, now time.Time) {
			sel.accepted(s.signal, p, now)
			s.group.accepted[s.signal][p.endpoint]++
		})
		if a.outcome == rejected {
			return true, a, consumererror.NewPermanent(fmt.Errorf("endpoint %s rejected a batch of %d %s: %s", s.name(p), b.items, s.signal, a.message))
		}
		return true, a, nil
	case refusedHere:
		poison := false
		s.group.update(func(sel *selector, now time.Time) {
			s.group.failed(p.endpoint, a)
			sel.refuse(s.signal, p, refusal{reason: a.outcome, retryAfter: a.retryAfter, chance: rand.Float64()}, now)
			poison = a.outcome == failing && b.suspect(p.endpoint, s.group.accepted[s.signal][p.endpoint])
		})
		if poison {
			s.telemetry.dropped(p.endpoint, b.items)
			return true, a, consumererror.NewPermanent(fmt.Errorf("endpoint %s failed %d times on a batch of %d %s while it accepted others: %s",
				s.name(p), poisonLimit, b.items, s.signal, a.message))
		}
	case lostHere:
		s.group.update(func(sel *selector, now time.Time) {
			s.group.failed(p.endpoint, a)
			sel.lost(s.signal, p, a.outcome, now)
		})
	default:
		s.group.update(func(sel *selector, _ time.Time) { sel.released(s.signal, p) })
	}
	return false, a, nil
}

func (s *sender) name(p pick) string { return s.group.name(p.endpoint) }

func (s *sender) post(ctx context.Context, p pick, content *body) answer {
	m := message{signal: s.signal, data: content.data, expect: s.group.config.ExpectContinue, sent: &s.telemetry.sites[p.endpoint].sent}
	if c := s.group.config.Compression; c.IsCompressed() {
		m.encoding = string(c)
	}
	in := &s.telemetry.sites[p.endpoint].inFlight
	in.Add(1)
	a := s.group.sites[p.endpoint].post(ctx, m)
	in.Add(-1)
	s.telemetry.answered(ctx, p.endpoint, content, a)
	return a
}

// body returns what to send to an endpoint of a batch. It is created once for all endpoints without filters, and once for
// each endpoint with filters, and kept for further tries.
func (s *sender) body(endpoint int, b *batch) (*body, error) {
	key, f := endpoint, s.filters[endpoint]
	if len(f) == 0 {
		key = none
	}
	if made, ok := b.bodies[key]; ok {
		return made, nil
	}
	made := &body{items: b.items, size: b.size}
	parts, size := b.parts, b.size
	if len(f) > 0 {
		left, items, err := f.apply(s.signal, encoded.Join(b.parts))
		if err != nil {
			return nil, err
		}
		s.telemetry.filtered(endpoint, b.items-items)
		parts, size = []encoded.Part{{Data: left, Items: items}}, len(left)
		made.items, made.size = items, size
	}
	var err error
	if made.items > 0 {
		made.data, err = s.group.compressor.compress(parts, size)
	}
	if err == nil {
		if b.bodies == nil {
			b.bodies = make(map[int]*body, 1)
		}
		b.bodies[key] = made
	}
	return made, err
}

// wait blocks until something has changed, or until an endpoint may be tried again.
func (s *sender) wait(ctx context.Context, rest time.Duration, changed <-chan struct{}) error {
	if !s.retry.Enabled {
		return errNoEndpoint
	}
	var again <-chan time.Time
	if rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-changed:
		return nil
	case <-again:
		return nil
	case <-s.stopping:
		return errStopping
	case <-ctx.Done():
		return errors.Join(errNoEndpoint, ctx.Err())
	}
}
