package failoverexporter

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// canaryAttribute is the resource attribute that names the endpoint of a canary.
const canaryAttribute = "telepod.canary.site"

// Canaries bypass the queue. Anyone who can reach the receiver can send them, so each sender has its own limit, and
// cannot use up another's.
const (
	// canaryInterval is the minimum time between two canaries of one sender.
	canaryInterval = time.Second
	// canarySenders is how many senders are accepted in that time.
	canarySenders = 16
)

// canaries limits how many are sent, and logged.
type canaries struct {
	mu sync.Mutex
	// last is when each sender's canary was accepted, within the last canaryInterval.
	last map[string]time.Time
	logs *rate.Limiter
}

func newCanaries() *canaries {
	return &canaries{last: map[string]time.Time{}, logs: rate.NewLimiter(rate.Every(canaryInterval), 1)}
}

// allow reports whether a sender may send a canary now.
func (c *canaries) allow(sender string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, at := range c.last {
		if now.Sub(at) >= canaryInterval {
			delete(c.last, name)
		}
	}
	if _, recent := c.last[sender]; recent || len(c.last) >= canarySenders {
		return false
	}
	c.last[sender] = now
	return true
}

// canaryFor returns the endpoint that a canary is for, and false for all other requests.
func (s *sender) canaryFor(td ptrace.Traces) (endpoint int, ok bool) {
	if td.ResourceSpans().Len() != 1 {
		return none, false
	}
	name, found := td.ResourceSpans().At(0).Resource().Attributes().Get(canaryAttribute)
	if !found || td.SpanCount() != 1 {
		return none, false
	}
	endpoint = slices.IndexFunc(s.group.config.Endpoints, func(e EndpointConfig) bool { return e.Name == name.Str() })
	return endpoint, endpoint != none
}

// sendCanary sends one span to one endpoint, whichever is in use, without the queue: the sender learns whether the endpoint
// has accepted it. The reason for a refusal is in the log and the metrics, because not everyone who can send may read it. The
// endpoint in use does not change.
func (s *sender) sendCanary(ctx context.Context, endpoint int, td ptrace.Traces) error {
	name := s.group.name(endpoint)
	if !s.canaries.allow(senderOf(ctx), time.Now()) {
		return fmt.Errorf("send a canary to endpoint %s: another one was sent less than %s ago: try again", name, canaryInterval)
	}
	data, err := encodeTraces(td)
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	content, err := s.body(endpoint, newBatch(traces, data, 1))
	switch {
	case err != nil:
		return consumererror.NewPermanent(fmt.Errorf("prepare a canary for endpoint %s: %w", name, err))
	case content.items == 0:
		return consumererror.NewPermanent(fmt.Errorf("send a canary to endpoint %s: its filters drop it", name))
	}
	a := s.post(ctx, pick{endpoint: endpoint}, content)
	if a.outcome == delivered {
		return nil
	}
	if s.canaries.logs.Allow() {
		s.telemetry.logger.Warn("An endpoint did not accept a canary",
			zap.String("endpoint", name), zap.String("reason", string(a.outcome)), zap.String("cause", a.message))
	}
	return fmt.Errorf("send a canary to endpoint %s: it was not delivered; the Collector's log has the reason", name)
}

// senderOf returns the address that a request came from, without its port; empty if it did not come from a connection.
func senderOf(ctx context.Context) string {
	addr := client.FromContext(ctx).Addr
	if addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String() // confighttp sets an address without a port
	}
	return host
}
