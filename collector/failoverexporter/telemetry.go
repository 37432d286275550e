package failoverexporter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const (
	scope  = "github.com/telepod/telepod/collector/failoverexporter"
	prefix = "otelcol_exporter_failover_"
	// logInterval is the minimum time between two log lines of one kind.
	logInterval = 10 * time.Second
)

// instruments are the metrics and logs of one signal. All label sets are closed: the endpoints of the
// configuration, the signals, outcomes and reasons.
type instruments struct {
	id     string
	signal signal
	logger *zap.Logger
	sites  []siteState

	requests, rejectedItems, filteredItems metric.Int64Counter
	deliveredItems, deliveredBytes         metric.Int64Counter
	switches, probes, unreadableRequests   metric.Int64Counter
	active, up, inFlight                   metric.Int64ObservableGauge
	since, success                         metric.Float64ObservableGauge
	sentBytes                              metric.Int64ObservableCounter

	meter        metric.Meter
	registration metric.Registration

	partials, damage limiter
}

// siteState is what is read when metrics are collected.
type siteState struct {
	name     string
	inFlight atomic.Int64
	sent     atomic.Int64
}

func newInstruments(sig signal, c *Config, set exporter.Settings) (*instruments, error) {
	t := &instruments{id: set.ID.String(), signal: sig, logger: set.Logger, meter: set.MeterProvider.Meter(scope), sites: make([]siteState, len(c.Endpoints))}
	for i, e := range c.Endpoints {
		t.sites[i].name = e.Name
	}
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		made, err := t.meter.Int64Counter(prefix+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return made
	}
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		made, err := t.meter.Int64ObservableGauge(prefix+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return made
	}
	t.requests = counter("requests", "{request}", "Requests with data, by outcome.")
	t.deliveredItems = counter("delivered_items", "{item}", "Items that an endpoint accepted.")
	t.deliveredBytes = counter("delivered_bytes", "By", "Bytes of OTLP that an endpoint accepted, before compression.")
	t.rejectedItems = counter("rejected_items", "{item}", "Items that an endpoint rejected permanently, in whole batches or by partial success.")
	t.filteredItems = counter("filtered_items", "{item}", "Items that the filters of an endpoint dropped.")
	t.switches = counter("switches", "{switch}", "Switches of a signal from one endpoint to another.")
	t.probes = counter("probes", "{probe}", "Requests without data to an endpoint that may be down, by result.")
	t.unreadableRequests = counter("unreadable_requests", "{request}", "Stored requests that could not be read from the queue, and were dropped.")
	t.active = gauge("active", "{endpoint}", "Whether a signal is sent to this endpoint.")
	t.up = gauge("endpoint_up", "{endpoint}", "Whether an endpoint is up. While it is down, it is probed.")
	t.inFlight = gauge("in_flight", "{request}", "Requests with data that wait for an answer.")
	var err error
	t.since, err = t.meter.Float64ObservableGauge(prefix+"active_since", metric.WithUnit("s"),
		metric.WithDescription("Unix time of a signal's last switch, or of the start."))
	errs = append(errs, err)
	t.success, err = t.meter.Float64ObservableGauge(prefix+"last_success", metric.WithUnit("s"),
		metric.WithDescription("Unix time at which an endpoint last accepted a request or a probe."))
	errs = append(errs, err)
	t.sentBytes, err = t.meter.Int64ObservableCounter(prefix+"sent_bytes", metric.WithUnit("By"),
		metric.WithDescription("Bytes of request bodies that were sent, after compression, including retries."))
	return t, errors.Join(append(errs, err)...)
}

func (t *instruments) labels(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more, attribute.String("exporter", t.id), attribute.String("signal", t.signal.String()))...))
}

func endpointLabel(name string) attribute.KeyValue { return attribute.String("endpoint", name) }

// observe reports the state of the sender's signal until close.
func (t *instruments) observe(s *sender) error {
	var err error
	t.registration, err = t.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		g := s.group
		g.mu.Lock()
		l := g.selector.signals[s.signal]
		active, since := l.active, l.since
		down := make([]bool, len(t.sites))
		for i, h := range g.selector.health {
			down[i] = h.down
		}
		g.mu.Unlock()
		o.ObserveFloat64(t.since, float64(since.UnixMilli())/1000, t.labels())
		for i := range t.sites {
			with := t.labels(endpointLabel(t.sites[i].name))
			o.ObserveInt64(t.active, one(active == i), with)
			o.ObserveInt64(t.up, one(!down[i]), with)
			o.ObserveInt64(t.inFlight, t.sites[i].inFlight.Load(), with)
			if at := g.sites[i].success.Load(); at > 0 {
				o.ObserveFloat64(t.success, float64(at)/1000, with)
			}
			o.ObserveInt64(t.sentBytes, t.sites[i].sent.Load(), with)
		}
		return nil
	}, t.active, t.since, t.success, t.up, t.inFlight, t.sentBytes)
	return err
}

func (t *instruments) close() error {
	if t.registration == nil {
		return nil
	}
	return t.registration.Unregister()
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (t *instruments) answered(ctx context.Context, endpoint int, content *body, a answer) {
	items := content.items
	name := t.sites[endpoint].name
	t.requests.Add(ctx, 1, t.labels(endpointLabel(name), attribute.String("outcome", string(a.outcome))))
	if a.outcome == delivered || a.outcome == partial {
		t.deliveredItems.Add(ctx, max(0, int64(items)-a.rejected), t.labels(endpointLabel(name)))
		t.deliveredBytes.Add(ctx, int64(content.size), t.labels(endpointLabel(name)))
	}
	switch a.outcome {
	case rejected:
		t.rejectedItems.Add(ctx, int64(items), t.labels(endpointLabel(name)))
	case partial:
		t.rejectedItems.Add(ctx, min(a.rejected, int64(items)), t.labels(endpointLabel(name)))
		if count, ok := t.partials.allow(a.rejected, time.Now()); ok {
			t.logger.Warn("An endpoint accepted part of a batch; the rejected items are not sent again",
				zap.String("endpoint", name), zap.Int64("rejected_items", count), zap.String("message", a.message))
		}
	}
}

// dropped counts a batch that is dropped because an endpoint fails on it repeatedly.
func (t *instruments) dropped(endpoint, items int) {
	t.rejectedItems.Add(context.Background(), int64(items), t.labels(endpointLabel(t.sites[endpoint].name)))
}

func (t *instruments) filtered(endpoint, items int) {
	if items > 0 {
		t.filteredItems.Add(context.Background(), int64(items), t.labels(endpointLabel(t.sites[endpoint].name)))
	}
}

func (t *instruments) probed(ctx context.Context, endpoint string, ok bool) {
	result := "failed"
	if ok {
		result = "succeeded"
	}
	t.probes.Add(ctx, 1, t.labels(endpointLabel(endpoint), attribute.String("result", result)))
}

func (t *instruments) unreadable(err error) {
	t.unreadableRequests.Add(context.Background(), 1, t.labels())
	if count, ok := t.damage.allow(1, time.Now()); ok {
		t.logger.Error("Dropped stored requests that cannot be read", zap.Int64("requests", count), zap.Error(err))
	}
}

// switched reports a switch in one log line, regardless of the number of batches.
func (t *instruments) switched(from, to, cause string, c change) {
	t.switches.Add(context.Background(), 1, t.labels(attribute.String("from", from), attribute.String("to", to), attribute.String("reason", string(c.reason))))
	fields := []zap.Field{zap.Stringer("signal", c.signal), zap.String("from", from), zap.String("to", to), zap.String("reason", string(c.reason))}
	if cause != "" && c.reason != recovered {
		fields = append(fields, zap.String("cause", cause))
	}
	switch {
	case c.to == none:
		t.logger.Warn("No endpoint accepts the signal; its data waits", fields...)
	case c.reason == recovered:
		t.logger.Info("Switched to an endpoint that works again", fields...)
	default:
		t.logger.Warn("Switched to another endpoint", fields...)
	}
}

// limiter allows one log line in each logInterval, with the sum of what it held back.
type limiter struct {
	mu   sync.Mutex
	next time.Time
	sum  int64
}

func (l *limiter) allow(count int64, now time.Time) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum += count
	if now.Before(l.next) {
		return 0, false
	}
	sum := l.sum
	l.sum, l.next = 0, now.Add(logInterval)
	return sum, true
}
