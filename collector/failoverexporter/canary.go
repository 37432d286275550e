package failoverexporter

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// canaryAttribute of a resource is the name of the endpoint that its one span is for.
const canaryAttribute = "telepod.canary.site"

// canaryInterval is the least time between two canaries: they bypass the queue.
const canaryInterval = time.Second

// canaryFor is the endpoint that a request is for; false for every other request.
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

// sendCanary sends one span to one endpoint, whichever is in use, without the queue: the sender gets the endpoint's
// answer. Which endpoint is in use does not change.
func (s *sender) sendCanary(ctx context.Context, endpoint int, td ptrace.Traces) error {
	if !s.canaries.Allow() {
		return fmt.Errorf("send a canary to endpoint %s: another one was sent less than %s ago: try again", s.group.name(endpoint), canaryInterval)
	}
	data, err := encodeTraces(td)
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	content, err := s.body(endpoint, newBatch(traces, data, 1))
	switch {
	case err != nil:
		return consumererror.NewPermanent(fmt.Errorf("prepare a canary for endpoint %s: %w", s.group.name(endpoint), err))
	case content.items == 0:
		return consumererror.NewPermanent(fmt.Errorf("send a canary to endpoint %s: its filters drop it", s.group.name(endpoint)))
	}
	if a := s.post(ctx, pick{endpoint: endpoint}, content); a.outcome != delivered {
		return fmt.Errorf("send a canary to endpoint %s: %s: %s", s.group.name(endpoint), a.outcome, a.message)
	}
	return nil
}
