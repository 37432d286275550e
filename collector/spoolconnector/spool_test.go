package spoolconnector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"golang.org/x/time/rate"

	"github.com/telepod/telepod/collector/segmentstorage"
)

// store is the pipeline behind a spool. answer decides about a batch by its spans' names.
type store struct {
	consumertest.Consumer
	mu     sync.Mutex
	answer func(names []string) error
	names  []string
	tried  chan struct{} // one element per try, while there is room
}

func newStore(answer func([]string) error) *store {
	return &store{Consumer: consumertest.NewNop(), answer: answer, tried: make(chan struct{}, 1000)}
}

func (s *store) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := namesOf(td)
	err := s.answer(names)
	if err == nil {
		s.names = append(s.names, names...)
	}
	select {
	case s.tried <- struct{}{}:
	default:
	}
	return err
}

func (s *store) answers(answer func([]string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *store) has() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names)
}

// await returns when the store has count spans.
func (s *store) await(t *testing.T, count int) []string {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if names := s.has(); len(names) >= count {
			return names
		}
		select {
		case <-s.tried:
		case <-deadline:
			t.Fatalf("the store has %d spans, want %d", len(s.has()), count)
		}
	}
}

func accept([]string) error { return nil }

func down([]string) error { return errors.New("the store is down") }

// rig is a spool on a directory.
type rig struct {
	connector.Traces
	telemetry *componenttest.Telemetry
	storage   extension.Extension
	stopped   sync.Once
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func start(t *testing.T, dir string, to consumer.Traces, change func(*Config)) *rig {
	t.Helper()
	factory := segmentstorage.NewFactory()
	storageConfig := factory.CreateDefaultConfig().(*segmentstorage.Config)
	storageConfig.Directory, storageConfig.CreateDirectory = dir, true
	storageID := component.NewID(factory.Type())
	storage, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), storageConfig)
	if err != nil {
		t.Fatal(err)
	}
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID, queue.NumConsumers, queue.QueueSize, queue.Sizer = &storageID, 2, 1000, exporterhelper.RequestSizerTypeItems
	queue.Batch = configoptional.None[exporterhelper.BatchConfig]()
	config := defaultConfig().(*Config)
	config.Queue = configoptional.Some(queue)
	config.Retry.InitialInterval, config.Retry.MaxInterval = time.Millisecond, 2*time.Millisecond
	if change != nil {
		change(config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	r := &rig{telemetry: componenttest.NewTelemetry(), storage: storage}
	set := connectortest.NewNopSettings(component.MustNewType("spool"))
	set.ID = component.MustNewIDWithName("spool", "archive") // the queue's name in the storage
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	if r.Traces, err = createTraces(t.Context(), set, config, to); err != nil {
		t.Fatal(err)
	}
	h := host{storageID: storage}
	if err := errors.Join(storage.Start(t.Context(), h), r.Start(t.Context(), h)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

func (r *rig) stop() {
	r.stopped.Do(func() {
		_ = r.Shutdown(context.Background())
		_ = r.storage.Shutdown(context.Background())
	})
}

// count returns a counter's value.
func (r *rig) count(t *testing.T, name string) int64 {
	t.Helper()
	m, err := r.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	var sum int64
	for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
		sum += point.Value
	}
	return sum
}

func (r *rig) send(t *testing.T, names ...string) {
	t.Helper()
	if err := r.ConsumeTraces(t.Context(), traces(names...)); err != nil {
		t.Fatalf("send %v: %v", names, err)
	}
}

func traces(names ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, name := range names {
		spans.AppendEmpty().SetName(name)
	}
	return td
}

func namesOf(td ptrace.Traces) (names []string) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				names = append(names, span.Name())
			}
		}
	}
	return names
}

func numbered(from, to int) (names []string) {
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprint(i))
	}
	return names
}

// Data that was accepted while the store was down arrives once, even after a restart.
func TestRestart(t *testing.T) {
	dir, to := t.TempDir(), newStore(down)
	first := start(t, dir, to, nil)
	for _, name := range numbered(0, 20) {
		first.send(t, name)
	}
	<-to.tried
	first.stop()
	to.answers(accept)
	second := start(t, dir, to, nil)
	to.await(t, 20)
	second.stop()
	got := to.has()
	slices.Sort(got)
	want := numbered(0, 20)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the store has %v, want each of 20 spans once", got)
	}
}

func TestFullQueueRefuses(t *testing.T) {
	r := start(t, t.TempDir(), newStore(down), func(c *Config) { c.Queue.Get().QueueSize = 5 })
	for _, name := range numbered(0, 5) {
		r.send(t, name)
	}
	if err := r.ConsumeTraces(t.Context(), traces("one too many")); !errors.Is(err, exporterhelper.ErrQueueIsFull) {
		t.Errorf("a full queue answered %v", err)
	}
}

// A full queue drops the oldest batches, accepts all of the newest, and counts what it dropped.
func TestFullQueueDropsTheOldest(t *testing.T) {
	to := newStore(down)
	r := start(t, t.TempDir(), to, func(c *Config) {
		c.WhenFull = DropOldest
		c.Queue.Get().QueueSize = 10
	})
	for _, name := range numbered(0, 25) {
		r.send(t, name)
	}
	dropped := r.count(t, "otelcol_spool_dropped_items")
	if dropped < 15 {
		t.Errorf("dropped %d spans, want at least the 15 that the queue has no room for", dropped)
	}
	to.answers(accept)
	got := to.await(t, 25-int(dropped))
	if !slices.Contains(got, "24") || slices.Contains(got, "0") {
		t.Errorf("the store has %v: want the newest, without the oldest", got)
	}
	if arrived, lost := len(got), int(r.count(t, "otelcol_spool_dropped_items")); arrived+lost != 25 {
		t.Errorf("%d arrived and %d were counted as dropped, of 25", arrived, lost)
	}
}

// No room can be made for a request that is larger than the queue: nothing is dropped for it.
func TestRequestLargerThanTheQueueIsRefused(t *testing.T) {
	to := newStore(down)
	r := start(t, t.TempDir(), to, func(c *Config) { c.WhenFull, c.Queue.Get().QueueSize = DropOldest, 5 })
	r.send(t, numbered(0, 4)...)
	<-to.tried
	err := r.ConsumeTraces(t.Context(), traces(numbered(0, 6)...))
	if !consumererror.IsPermanent(err) || !strings.Contains(err.Error(), "sending_queue.queue_size, 5") {
		t.Errorf("%v, want a permanent error that names the setting", err)
	}
	if n := r.count(t, "otelcol_spool_dropped_items"); n != 0 {
		t.Errorf("%d spans of others were dropped", n)
	}
}

// hanging is a store that does not answer, behind an exporter with its own interpretation of a timeout.
type hanging struct {
	*store
	hangs chan struct{}
	end   func(error) error
}

func (h hanging) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	select {
	case <-h.hangs:
		return h.store.ConsumeTraces(ctx, td)
	default:
	}
	h.tried <- struct{}{}
	<-ctx.Done()
	return h.end(ctx.Err())
}

// A try that the spool itself ends is not an answer of the store, whatever the exporter reports. Remote write reports both.
func TestTimeoutIsNotARejection(t *testing.T) {
	for name, end := range map[string]func(error) error{
		"permanent": consumererror.NewPermanent,
		"success":   func(error) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			to := hanging{newStore(accept), make(chan struct{}), end}
			r := start(t, t.TempDir(), to, func(c *Config) { c.Timeout = 5 * time.Millisecond })
			r.send(t, "a")
			for range 3 {
				<-to.tried
			}
			close(to.hangs)
			to.await(t, 1)
			if n := r.count(t, "otelcol_spool_rejected_items"); n != 0 {
				t.Errorf("%d spans count as rejected", n)
			}
		})
	}
}

// patient accepts a batch only if the try has enough time.
type patient struct {
	*store
	needs time.Duration
}

func (p patient) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if until, limited := ctx.Deadline(); !limited || time.Until(until) > p.needs {
		return p.store.ConsumeTraces(ctx, td)
	}
	<-ctx.Done()
	return ctx.Err()
}

// A batch for which the store needs longer than the timeout arrives, because each try gets more time than the last.
func TestSlowStoreReceivesItsBatch(t *testing.T) {
	timeout := 20 * time.Millisecond
	to := patient{newStore(accept), 3 * timeout}
	r := start(t, t.TempDir(), to, func(c *Config) { c.Timeout = timeout })
	r.send(t, "a")
	to.await(t, 1)
}

// small accepts only requests of few resources in time.
type small struct{ *store }

func (s small) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if td.ResourceSpans().Len() <= 2 {
		return s.store.ConsumeTraces(ctx, td)
	}
	<-ctx.Done()
	return ctx.Err()
}

// A batch that is too large for one try arrives in parts, each once.
func TestLargeBatchIsSentInParts(t *testing.T) {
	to := small{newStore(accept)}
	r := start(t, t.TempDir(), to, func(c *Config) { c.Timeout = 20 * time.Millisecond })
	td := ptrace.NewTraces()
	for range 5 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("long", strings.Repeat("x", 1<<20))
		rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("a")
	}
	if err := r.ConsumeTraces(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	to.await(t, 5)
}

// Shutdown ends although the store hangs, and although batches of other senders only become due because of it.
func TestShutdownEnds(t *testing.T) {
	t.Parallel() // for the grace
	dir, to := t.TempDir(), hanging{newStore(accept), make(chan struct{}), func(err error) error { return err }}
	batched := func(c *Config) {
		q := c.Queue.Get()
		q.NumConsumers = 1
		batches := exporterhelper.BatchConfig{Sizer: exporterhelper.RequestSizerTypeItems, FlushTimeout: time.Hour, MinSize: 2}
		batches.Partition.MetadataKeys = []string{"archive-folder"}
		q.Batch = configoptional.Some(batches)
	}
	r := start(t, dir, to, batched)
	for _, batch := range [][]string{{"b"}, {"c"}, {"a", "aa"}} { // the first two wait for more
		if err := r.ConsumeTraces(inFolder(batch[0]), traces(batch...)); err != nil {
			t.Fatal(err)
		}
	}
	<-to.tried
	r.stop()
	after := newStore(accept)
	start(t, dir, after, nil)
	if got := after.await(t, 4); len(got) != 4 {
		t.Errorf("the store has %v, want 4 spans", got)
	}
}

// A slow queue, such as one on a slow disk, is not full.
func TestSlowQueueDropsNothing(t *testing.T) {
	to := newStore(down)
	r := start(t, t.TempDir(), to, func(c *Config) { c.WhenFull = DropOldest })
	r.send(t, "first")
	<-to.tried
	s := r.Traces.(*tracesSpool)
	accept := s.offer
	s.offer = func(ctx context.Context, td ptrace.Traces) error {
		<-time.After(4 * patience)
		return accept(ctx, td)
	}
	r.send(t, "second")
	if n := r.count(t, "otelcol_spool_dropped_items"); n != 0 {
		t.Errorf("dropped %d spans of a queue with room", n)
	}
}

// answered is an error as the AWS SDK's: with a status, and a code in the body.
type answered struct {
	status int
	code   string
}

func (a answered) Error() string       { return fmt.Sprint(a.status, " ", a.code) }
func (a answered) HTTPStatusCode() int { return a.status }
func (a answered) ErrorCode() string   { return a.code }

func TestRejectedBatchIsSetAside(t *testing.T) {
	for name, tc := range map[string]struct{ answer error }{
		"permanent for the exporter":                   {consumererror.NewPermanent(errors.New("bad request"))},
		"a code that no retry fixes":                   {fmt.Errorf("upload: %w", answered{400, "KeyTooLongError"})},
		"again and again, while others are accepted":   {fmt.Errorf("upload: %w", answered{400, "InvalidArgument"})},
		"forbidden again and again, unlike all others": {answered{403, "AccessDenied"}},
	} {
		t.Run(name, func(t *testing.T) {
			to := newStore(func(names []string) error {
				if slices.Contains(names, "poison") {
					return tc.answer
				}
				return nil
			})
			letters := filepath.Join(t.TempDir(), "letters")
			r := start(t, t.TempDir(), to, func(c *Config) { c.DeadLetter = DeadLetterConfig{Directory: letters, MaxBytes: 1000} })
			r.send(t, "poison")
			sent := 0
			for r.count(t, "otelcol_spool_rejected_items") == 0 && t.Context().Err() == nil {
				r.send(t, fmt.Sprint(sent))
				sent++
				to.await(t, sent)
			}
			r.stop()
			files, err := filepath.Glob(filepath.Join(letters, "traces-*.binpb"))
			if err != nil || len(files) != 1 {
				t.Fatalf("dead letters are %v, %v; want one file", files, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(data)
			if err != nil || !slices.Equal(namesOf(td), []string{"poison"}) {
				t.Errorf("the dead letter has %v, %v", namesOf(td), err)
			}
		})
	}
}

// A store that refuses all batches rejects none: the credentials are wrong, or the bucket does not exist.
func TestRejected(t *testing.T) {
	for name, tc := range map[string]struct {
		err       error
		successes []int64 // before each try
		want      bool
	}{
		"refuses all batches":            {answered{403, "AccessDenied"}, []int64{7, 7, 7, 7, 7, 7, 7, 7}, false},
		"refuses this one":               {answered{403, "AccessDenied"}, []int64{0, 1, 2, 3}, true},
		"not yet":                        {answered{400, "InvalidArgument"}, []int64{0, 1, 2}, false},
		"too busy":                       {answered{429, "SlowDown"}, []int64{0, 1, 2, 3, 4, 5}, false},
		"timeout":                        {answered{408, "RequestTimeout"}, []int64{0, 1, 2, 3, 4, 5}, false},
		"server":                         {answered{503, "SlowDown"}, []int64{0, 1, 2, 3, 4, 5}, false},
		"not reached":                    {errors.New("connection refused"), []int64{0, 1, 2, 3, 4, 5}, false},
		"too large":                      {answered{400, "EntityTooLarge"}, []int64{0}, true},
		"permanent":                      {consumererror.NewPermanent(errors.New("x")), []int64{0}, true},
		"permanent, for all requests":    {fmt.Errorf("write: %w", errors.Join(consumererror.NewPermanent(errors.New("x")), consumererror.NewPermanent(errors.New("y")))), []int64{0}, true},
		"permanent, for one of two":      {fmt.Errorf("write: %w", errors.Join(consumererror.NewPermanent(errors.New("x")), errors.New("503"))), []int64{0}, false},
		"permanent, for several causes":  {consumererror.NewPermanent(errors.Join(errors.New("x"), errors.New("y"))), []int64{0}, true},
		"permanent, for a timeout":       {consumererror.NewPermanent(&url.Error{Op: "Post", URL: "https://login.example.com", Err: context.DeadlineExceeded}), []int64{0}, false},
		"wrong region, for all batches":  {answered{400, "AuthorizationHeaderMalformed"}, []int64{0, 0, 0, 0, 0}, false},
		"expired token, for all batches": {answered{400, "ExpiredToken"}, []int64{9, 9, 9, 9, 9}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var history tries
			got := false
			for _, successes := range tc.successes {
				got = history.rejected(tc.err, successes)
			}
			if got != tc.want {
				t.Errorf("rejected: %v, want %v", got, tc.want)
			}
		})
	}
}

func TestDeadLettersAreBounded(t *testing.T) {
	dir := t.TempDir()
	d := &deadLetters{config: DeadLetterConfig{Directory: dir, MaxBytes: 250}, signal: "logs"}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		if err := d.keep(bytes.Repeat([]byte{byte('0' + i)}, 100), now); err != nil { // the clock stands still
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v: want the two newest of five", files, err)
	}
	for i, file := range files {
		if data, err := os.ReadFile(file); err != nil || data[0] != byte('3'+i) {
			t.Errorf("%s has %q, %v", file, data, err)
		}
	}
	if err := d.keep(make([]byte, 251), now); err == nil {
		t.Error("kept a file above the limit")
	}
}

// changing is a store that changes what it gets, as exporters do that split batches.
type changing struct{ *store }

func (changing) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (c changing) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	err := c.store.ConsumeTraces(ctx, td)
	td.ResourceSpans().RemoveIf(func(ptrace.ResourceSpans) bool { return true })
	return err
}

func TestEachTryHasAllData(t *testing.T) {
	to := newStore(down)
	start(t, t.TempDir(), changing{to}, nil).send(t, "a", "b")
	<-to.tried
	to.answers(accept)
	if got := to.await(t, 2); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the store has %v", got)
	}
}

func TestMetricsAndLogs(t *testing.T) {
	ctx := t.Context()
	set := connectortest.NewNopSettings(component.MustNewType("spool"))
	metrics, logs := new(consumertest.MetricsSink), new(consumertest.LogsSink)
	config := defaultConfig().(*Config)
	fairQueue(config)
	config.ResourceAttributes = map[string]string{"prefix": "archive-folder"}
	m, err1 := NewFactory().CreateMetricsToMetrics(ctx, set, config, metrics)
	l, err2 := NewFactory().CreateLogsToLogs(ctx, set, config, logs)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	md, ld := pmetric.NewMetrics(), plog.NewLogs()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	in := inFolder("aws/us-east-1")
	if err := errors.Join(m.Start(ctx, host{}), l.Start(ctx, host{}), m.ConsumeMetrics(in, md), l.ConsumeLogs(in, ld),
		m.Shutdown(ctx), l.Shutdown(ctx)); err != nil {
		t.Fatal(err)
	}
	if metrics.DataPointCount() != 1 || logs.LogRecordCount() != 1 {
		t.Fatalf("%d data points and %d log records arrived, want one each", metrics.DataPointCount(), logs.LogRecordCount())
	}
	for signal, resource := range map[string]pcommon.Resource{
		"metrics": metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource(), "logs": logs.AllLogs()[0].ResourceLogs().At(0).Resource(),
	} {
		if prefix, _ := resource.Attributes().Get("prefix"); prefix.AsString() != "aws/us-east-1" {
			t.Errorf("%s have the attributes %v, want the folder as prefix", signal, resource.Attributes().AsRaw())
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"unknown when_full": func(c *Config) { c.WhenFull = "drop_newest" },
		"no queue":          func(c *Config) { c.Queue = configoptional.None[exporterhelper.QueueBatchConfig]() },
		"mixed batches":     func(c *Config) { c.ResourceAttributes = map[string]string{"prefix": "archive-folder"} },
		"no limit":          func(c *Config) { c.DeadLetter = DeadLetterConfig{Directory: "x"} },
	} {
		config := defaultConfig().(*Config)
		change(config)
		if config.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// While a dropped batch of the sender with the most data has not ended, no other sender loses a batch.
func TestSlowlyEndingBatchCostsNoOtherSender(t *testing.T) {
	s := start(t, t.TempDir(), newStore(accept), fairQueue).Traces.(*tracesSpool)
	s.held.add("loud", 900)
	s.held.add("quiet", 800)
	quiet, _ := s.flights.begin(t.Context(), "quiet")
	loud, slow := s.flights.begin(t.Context(), "loud")
	s.dropping = rate.Sometimes{Every: 1}
	for range 2 {
		s.makeRoom("quiet")
	}
	if loud.Err() == nil || quiet.Err() != nil {
		t.Errorf("loud: %v, quiet: %v; want only loud to be dropped", loud.Err(), quiet.Err())
	}
	s.flights.end(slow)
	if s.makeRoom("quiet"); quiet.Err() == nil {
		t.Error("no batch is dropped when loud has none in flight")
	}
}

// fairQueue configures a queue of 20,000 bytes that folders share.
func fairQueue(c *Config) {
	c.WhenFull, c.FairBy = DropOldest, "archive-folder"
	q := c.Queue.Get()
	q.Sizer, q.QueueSize, q.NumConsumers = exporterhelper.RequestSizerTypeBytes, 20000, 1
	batches := exporterhelper.BatchConfig{Sizer: exporterhelper.RequestSizerTypeBytes, FlushTimeout: time.Millisecond, MinSize: 1}
	batches.Partition.MetadataKeys = []string{"archive-folder"}
	q.Batch = configoptional.Some(batches)
}

// A flood neither displaces queued data of others, nor keeps their newest data out of the queue.
func TestFloodDropsItsOwnData(t *testing.T) {
	for name, fair := range map[string]bool{"fair": true, "first in, first out": false} {
		t.Run(name, func(t *testing.T) {
			to := newStore(down)
			r := start(t, t.TempDir(), to, func(c *Config) {
				fairQueue(c)
				if !fair {
					c.FairBy = ""
				}
			})
			send := func(folder, name string) {
				td := traces(name)
				td.ResourceSpans().At(0).Resource().Attributes().PutStr("padding", strings.Repeat("x", 900))
				if err := r.ConsumeTraces(inFolder(folder), td); err != nil {
					t.Error(err)
				}
			}
			send("quiet", "oldest")
			<-to.tried // in flight, before everything else
			for _, name := range numbered(0, 40) {
				send("loud", name)
			}
			kept := func() bool { return slices.Contains(to.has(), "oldest") }
			to.answers(accept)
			to.await(t, 41-int(r.count(t, "otelcol_spool_dropped_items")))
			if fair && !kept() {
				t.Error("the flood displaced queued data of another sender")
			}
			if !fair && kept() {
				t.Error("without fair_by the oldest is dropped: this test proves nothing")
			}
		})
	}
}
