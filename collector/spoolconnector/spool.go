package spoolconnector

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/telepod/telepod/collector/encoded"
)

const scope = "github.com/telepod/telepod/collector/spoolconnector"

// patience is how long a full queue waits for the store before it drops the oldest batch, and between two drops.
const patience = 100 * time.Millisecond

// displaceInterval is the minimum time between two batches of others that the sender with the most data displaces.
const displaceInterval = 10 * time.Second

// grace is how long a try may continue at shutdown. It is well below the grace period of a pod.
const grace = 5 * time.Second

// logInterval is the minimum time between two log lines about failing tries.
const logInterval = 10 * time.Second

// kind is how data of one signal is sent, counted, encoded, decoded and changed.
type kind[D any] struct {
	name      string
	send      func(context.Context, D) error
	items     func(D) int
	marshal   func(D) ([]byte, error)
	unmarshal func([]byte) (D, error)
	resources func(D, func(pcommon.Resource))
}

// spool is the connector for one signal. The queue is exporterhelper's, around push.
type spool[D any] struct {
	kind    kind[D]
	config  *Config
	id      attribute.KeyValue
	logger  *zap.Logger
	letters *deadLetters

	queue     component.Component
	offer     func(context.Context, D) error
	flights   flights
	held      holdings
	dropping  rate.Sometimes // one drop at a time, however many requests wait
	stuck     atomic.Int64   // Unix nanoseconds since when the sender with the most data has had nothing in flight; 0: it has
	failing   rate.Sometimes // a store that is away for hours must not fill the log
	successes atomic.Int64
	stopping  chan struct{}
	stopOnce  sync.Once

	dropped, rejected metric.Int64Counter
}

func newSpool[D any](set connector.Settings, cfg *Config, k kind[D]) (*spool[D], error) {
	s := &spool[D]{
		kind: k, config: cfg, id: attribute.String("connector", set.ID.String()), logger: set.Logger,
		letters:  &deadLetters{config: cfg.DeadLetter, signal: k.name},
		dropping: rate.Sometimes{Interval: patience}, failing: rate.Sometimes{Interval: logInterval}, stopping: make(chan struct{}),
	}
	meter := set.MeterProvider.Meter(scope)
	var err1, err2 error
	s.dropped, err1 = meter.Int64Counter("otelcol_spool_dropped_items", metric.WithUnit("{item}"),
		metric.WithDescription("Spans, data points or log records dropped because the queue was full."))
	s.rejected, err2 = meter.Int64Counter("otelcol_spool_rejected_items", metric.WithUnit("{item}"),
		metric.WithDescription("Spans, data points or log records that the store will never accept."))
	return s, errors.Join(err1, err2)
}

// Capabilities reports that data is not changed: the queue encodes it.
func (*spool[D]) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start opens the queue.
func (s *spool[D]) Start(ctx context.Context, host component.Host) error {
	return s.queue.Start(ctx, host)
}

// Shutdown makes batches in flight give up, so that the queue keeps them, and closes the queue. A running try may continue
// for the grace, because a batch that the store has but has not confirmed is sent again after a restart. After that, a queue
// on disk sends nothing; one in memory tries each batch once more, because its content is lost when it closes.
func (s *spool[D]) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() { close(s.stopping) })
	onDisk := s.config.Queue.Get().StorageID != nil
	timer := time.AfterFunc(grace, func() { s.flights.cancelAll(onDisk) })
	defer timer.Stop()
	return s.queue.Shutdown(ctx)
}

// consume puts data into the queue. A full queue that may drop first waits for the store, and then drops until there is
// room; see makeRoom.
func (s *spool[D]) consume(ctx context.Context, data D) error {
	sender, size := s.config.sender(ctx), 0
	ctx = context.WithValue(ctx, offered{}, &size)
	for waited := false; ; waited = true {
		size = 0
		err := s.offer(ctx, data)
		if err == nil {
			return nil
		}
		s.held.add(sender, -size)
		if s.config.WhenFull != DropOldest || !errors.Is(err, exporterhelper.ErrQueueIsFull) {
			return err
		}
		if limit := s.config.Queue.Get().QueueSize; s.measure(size, data) > limit {
			return consumererror.NewPermanent(fmt.Errorf("the request is larger than the queue: raise sending_queue.queue_size, %d, or send smaller requests", limit))
		}
		if waited && !s.makeRoom(sender) {
			s.dropped.Add(ctx, int64(s.kind.items(data)), metric.WithAttributes(s.id))
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.stopping:
			return err
		case <-time.After(patience):
		}
	}
}

// measure returns how much of the queue a request needs, given its encoded size in bytes.
func (s *spool[D]) measure(size int, data D) int64 {
	switch s.config.Queue.Get().Sizer {
	case exporterhelper.RequestSizerTypeBytes:
		return int64(size)
	case exporterhelper.RequestSizerTypeItems:
		return int64(s.kind.items(data))
	default:
		return 1
	}
}

// makeRoom drops a batch in flight: the oldest of the sender with the most data in the queue, or else the oldest of all. If
// a batch of that sender was dropped and has not ended, makeRoom drops no other. A sender with more than half of the queue
// and nothing in flight displaces a batch of others only once in displaceInterval: before that, makeRoom returns false, and
// the caller drops the sender's newest data.
func (s *spool[D]) makeRoom(sender string) bool {
	most, held := s.held.most()
	if s.config.FairBy == "" || sender != most || held <= s.config.Queue.Get().QueueSize/2 || s.flights.has(most) {
		s.stuck.Store(0)
		s.dropping.Do(func() { _ = s.flights.drop(most, false) || s.flights.has(most) || s.flights.drop("", true) })
		return true
	}
	now := time.Now().UnixNano()
	if s.stuck.CompareAndSwap(0, now) {
		return false
	}
	since := s.stuck.Load()
	return now-since >= int64(displaceInterval) && s.stuck.CompareAndSwap(since, now) && s.flights.drop("", true)
}

// encode returns what the queue stores: data may be shared with other pipelines, and is not kept.
func (s *spool[D]) encode(ctx context.Context, data D) (xexporterhelper.Request, error) {
	encodedData, err := s.kind.marshal(data)
	if size, ok := ctx.Value(offered{}).(*int); ok {
		*size = len(encodedData)
		s.held.add(s.config.sender(ctx), len(encodedData))
	}
	return newBatch(encoded.Part{Data: encodedData, Items: s.kind.items(data)}), err
}

// push delivers a batch, and blocks until it is done. The error is permanent if the batch was dropped or rejected, but not
// at shutdown.
func (s *spool[D]) push(ctx context.Context, req xexporterhelper.Request) error {
	b, ok := req.(*batch)
	if !ok {
		return consumererror.NewPermanent(fmt.Errorf("deliver a %T", req))
	}
	ctx, f := s.flights.begin(ctx, s.config.sender(ctx))
	defer s.held.add(f.sender, -b.size)
	err := s.deliver(ctx, encoded.Join(b.parts), b.items)
	if dropped := s.flights.end(f); dropped && err != nil && !consumererror.IsPermanent(err) {
		s.dropped.Add(ctx, int64(b.items), metric.WithAttributes(s.id))
		return consumererror.NewPermanent(fmt.Errorf("dropped to make room for newer data; the last try: %w", err))
	}
	return err
}

// smallestCut is the size in bytes up to which a part is no longer cut if a try with it was interrupted.
const smallestCut = 2 << 20

// errTooLarge means that a try was interrupted, and that half of the part may fit into one.
var errTooLarge = errors.New("too large for one try")

// deliver sends a batch as a whole, or in parts of the size that fits into one try, in order. Its error is permanent only
// if all parts are done.
func (s *spool[D]) deliver(ctx context.Context, data []byte, items int) error {
	size := len(data)
	var rejected error
	for rest := data; ; {
		part, after := encoded.Cut(rest, size)
		if len(part) < len(data) {
			if decoded, err := s.kind.unmarshal(part); err == nil {
				items = s.kind.items(decoded)
			}
		}
		switch err := s.deliverPart(ctx, part, items); {
		case err == errTooLarge:
			size = len(part) / 2
			continue
		case err != nil && !consumererror.IsPermanent(err):
			return err
		case err != nil:
			rejected = err
		}
		if rest = after; len(rest) == 0 {
			return rejected
		}
	}
}

// longestTry is how many times the timeout a try may last, after earlier ones were interrupted.
const longestTry = 4

func (s *spool[D]) deliverPart(ctx context.Context, data []byte, items int) error {
	var history tries
	limit := s.config.Timeout
	for wait := s.config.Retry.InitialInterval; ; wait = min(2*wait, s.config.Retry.MaxInterval) {
		interrupted, err := s.try(ctx, data, limit)
		if interrupted && ctx.Err() == nil { // a batch that needs longer would never arrive
			if _, rest := encoded.Cut(data, len(data)/2); len(data) > smallestCut && len(rest) > 0 {
				return errTooLarge
			}
			limit = min(2*limit, longestTry*s.config.Timeout)
		}
		if err == nil {
			s.successes.Add(1)
			return nil
		}
		if !interrupted && history.rejected(err, s.successes.Load()) {
			return s.reject(ctx, data, items, err)
		}
		s.failing.Do(func() {
			s.logger.Warn("Exporting failed. The queue keeps the data, and it is sent again.", zap.Error(err))
		})
		select {
		case <-ctx.Done():
			return err
		case <-s.stopping:
			return err
		case <-time.After(wait/2 + rand.N(wait/2+1)):
		}
	}
}

// try decodes the data each time, because a pipeline owns the data that it receives and may change it. It reports whether
// the spool itself ended the try: the exporter may then report a permanent error, or even success if it was between two
// requests of a batch.
func (s *spool[D]) try(ctx context.Context, data []byte, limit time.Duration) (interrupted bool, err error) {
	decoded, err := s.kind.unmarshal(data)
	if err != nil {
		return false, consumererror.NewPermanent(fmt.Errorf("decode a stored request: %w", err))
	}
	s.setAttributes(ctx, decoded)
	if limit > 0 {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	err = s.kind.send(ctx, decoded)
	switch {
	case ctx.Err() == nil:
		return false, err
	case err == nil:
		return true, ctx.Err()
	default:
		return true, fmt.Errorf("%w: %v", ctx.Err(), err)
	}
}

// setAttributes sets the resource attributes that the metadata of a batch has a value for.
func (s *spool[D]) setAttributes(ctx context.Context, data D) {
	for name, key := range s.config.ResourceAttributes {
		if values := client.FromContext(ctx).Metadata.Get(key); len(values) > 0 {
			s.kind.resources(data, func(r pcommon.Resource) { r.Attributes().PutStr(name, values[0]) })
		}
	}
}

func (s *spool[D]) reject(ctx context.Context, data []byte, items int, reason error) error {
	s.rejected.Add(ctx, int64(items), metric.WithAttributes(s.id))
	if err := s.letters.keep(data, time.Now()); err != nil {
		s.logger.Error("Could not keep what a store rejected.", zap.Error(err))
	}
	return consumererror.NewPermanent(fmt.Errorf("rejected by the store: %w", reason))
}
