package segmentstorage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var (
	storageType  = component.MustNewType("segment_storage")
	exporterType = component.MustNewType("test")
)

// host has the storage extension.
type host struct {
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

// site is where the exporter sends to. It records the names of spans.
type site struct {
	mu       sync.Mutex
	arrived  map[string]int
	blocked  chan struct{} // requests wait for it
	requests chan struct{} // one for each request that began
	confirm  func(name string)
}

func newSite(open bool) *site {
	s := &site{arrived: map[string]int{}, blocked: make(chan struct{}), requests: make(chan struct{}, 10_000), confirm: func(string) {}}
	if open {
		close(s.blocked)
	}
	return s
}

func (s *site) consume(_ context.Context, td ptrace.Traces) error {
	s.requests <- struct{}{}
	<-s.blocked
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.arrived[span.Name()]++
				s.confirm(span.Name())
			}
		}
	}
	return nil
}

// has waits until all names have arrived.
func (s *site) has(t *testing.T, names []string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s.mu.Lock()
		missing := 0
		for _, name := range names {
			if s.arrived[name] == 0 {
				missing++
			}
		}
		s.mu.Unlock()
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d accepted spans are lost", missing, len(names))
		}
		time.Sleep(time.Millisecond)
	}
}

// collector is an exporter with a persistent queue on a storage extension.
type collector struct {
	extension component.Component
	exporter  exporter.Traces
}

func startCollector(t *testing.T, dir string, d disk, to *site) *collector {
	t.Helper()
	return startCollectorWith(t, &Config{Directory: dir, SegmentSize: minSegment, Sync: syncNever}, d, to)
}

func startCollectorWith(t *testing.T, cfg *Config, d disk, to *site) *collector {
	t.Helper()
	ext, err := newExtension(extensiontest.NewNopSettings(storageType), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ext.disk = d
	return startExporter(t, ext, to)
}

func startExporter(t *testing.T, ext component.Component, to *site) *collector {
	t.Helper()
	ctx, id := context.Background(), component.NewID(storageType)
	h := host{extensions: map[component.ID]component.Component{id: ext}}
	if err := ext.Start(ctx, h); err != nil {
		t.Fatal(err)
	}
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID, queue.NumConsumers, queue.QueueSize, queue.Batch = &id, 60, 100_000, configoptional.None[exporterhelper.BatchConfig]()
	set := exportertest.NewNopSettings(exporterType)
	set.ID = component.NewID(exporterType)
	exp, err := exporterhelper.NewTraces(ctx, set, &struct{}{}, to.consume, exporterhelper.WithQueue(configoptional.Some(queue)),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}), exporterhelper.WithRetry(configretry.BackOffConfig{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.Start(ctx, h); err != nil {
		t.Fatal(err)
	}
	return &collector{extension: ext, exporter: exp}
}

// stop ends the goroutines. Tests of kills copy the directory before.
func (c *collector) stop(t *testing.T, to *site) {
	t.Helper()
	select {
	case <-to.blocked:
	default:
		close(to.blocked)
	}
	if err := errors.Join(c.exporter.Shutdown(context.Background()), c.extension.Shutdown(context.Background())); err != nil {
		t.Error(err)
	}
}

func (c *collector) send(name string, size int) error {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName(name)
	span.Attributes().PutStr("padding", strings.Repeat("x", size))
	return c.exporter.ConsumeTraces(context.Background(), td)
}

// fillUp sends until the disk is full and returns the names of the spans that were accepted.
func (c *collector) fillUp(t *testing.T, size int) (names []string) {
	t.Helper()
	for refused := 0; refused < 5; {
		name := fmt.Sprintf("span-%d", len(names))
		if err := c.send(name, size+len(names)%100); err != nil {
			refused++
			continue
		}
		names = append(names, name)
		if len(names) > 50_000 {
			t.Fatal("the disk does not fill up")
		}
	}
	return names
}

// clientDir is the directory of the exporter's client.
func clientDir(dir string) string {
	return filepath.Join(dir, directoryName(component.KindExporter, component.NewID(exporterType), "traces"))
}

// TestQueueKilledWhileFull kills a Collector with a full disk, and then at each write that its successor makes.
// No disk has a byte to spare after the first start. Each accepted span arrives in the end.
func TestQueueKilledWhileFull(t *testing.T) {
	for _, size := range []int{300, 3_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { killWhileFull(t, size) })
	}
}

func killWhileFull(t *testing.T, size int) {
	dir, stuck, d := tempDir(t), newSite(false), newFaulty()
	d.room.Store(10 * minSegment)
	first := startCollector(t, dir, d, stuck)
	accepted := first.fillUp(t, size)
	for range 60 { // all consumers are sending
		<-stuck.requests
	}
	killed := copyCollector(t, dir)
	first.stop(t, stuck)

	// The successor starts, sends, and is killed at each of its writes.
	var kills []string
	var mu sync.Mutex
	over := false
	d, stuck = newFaulty(), newSite(false)
	d.room.Store(0)
	second := copyCollector(t, killed)
	d.failWrite = func(string, int64, int64) error {
		mu.Lock()
		defer mu.Unlock()
		if !over && len(kills) < 200 {
			kills = append(kills, copyCollector(t, second))
		}
		return nil
	}
	next := startCollector(t, second, d, stuck)
	for range 60 {
		<-stuck.requests
	}
	if err := next.send("one too many", 10*minSegment); err == nil {
		t.Error("a full disk accepted a span")
	}
	mu.Lock()
	over = true // from here on, spans arrive at a site that the test does not look at
	mu.Unlock()
	next.stop(t, stuck)
	if len(kills) < 60 {
		t.Fatalf("only %d writes", len(kills))
	}
	step := max(1, len(kills)/24)
	for i := 0; i < len(kills); i += step {
		drain(t, kills[i], accepted)
	}
}

// copyCollector copies the extension's directory.
func copyCollector(t *testing.T, from string) string {
	to := tempDir(t)
	copyInto(t, clientDir(from), clientDir(to))
	return to
}

// drain starts a Collector on what a kill left, with a full disk and a site that works.
func drain(t *testing.T, dir string, accepted []string) {
	t.Helper()
	d, open := newFaulty(), newSite(true)
	d.room.Store(0)
	c := startCollector(t, dir, d, open)
	defer c.stop(t, open)
	open.has(t, accepted)
	for name, n := range open.arrived {
		if n > 1 {
			t.Errorf("%s arrived %d times", name, n)
		}
	}
}

// TestQueueOutlivesRestart stops a Collector in the ordinary way.
func TestQueueOutlivesRestart(t *testing.T) {
	dir := tempDir(t)
	stuck := newSite(false)
	accepted := fillAndStop(t, startCollector(t, dir, newFaulty(), stuck), stuck)
	arrivesOnce(t, accepted, stuck, func(open *site) *collector { return startCollector(t, dir, newFaulty(), open) })
}

// TestOldQueueIsImported has a queue of the file_storage extension sent by its successor.
func TestOldQueueIsImported(t *testing.T) {
	old, stuck := tempDir(t), newSite(false)
	accepted := fillAndStop(t, startExporter(t, &bboltStorage{dir: old}, stuck), stuck)
	cfg := &Config{Directory: tempDir(t), SegmentSize: minSegment, Sync: syncNever, Import: ImportConfig{Directory: old}}
	arrivesOnce(t, accepted, stuck, func(open *site) *collector { return startCollectorWith(t, cfg, newFaulty(), open) })
}

// fillAndStop stops a Collector with many items in its queue.
func fillAndStop(t *testing.T, c *collector, stuck *site) (accepted []string) {
	t.Helper()
	for i := range 500 {
		accepted = append(accepted, fmt.Sprint(i))
		if err := c.send(accepted[i], 1000); err != nil {
			t.Fatal(err)
		}
	}
	c.stop(t, stuck)
	return accepted
}

// arrivesOnce starts a successor and waits for what the first Collector had not sent.
func arrivesOnce(t *testing.T, accepted []string, before *site, start func(*site) *collector) {
	t.Helper()
	open := newSite(true)
	for name := range before.arrived {
		open.arrived[name]++
	}
	if len(open.arrived) == len(accepted) {
		t.Fatal("nothing was left in the queue")
	}
	c := start(open)
	open.has(t, accepted)
	c.stop(t, open)
	for name, n := range open.arrived {
		if n != 1 {
			t.Errorf("%s arrived %d times", name, n)
		}
	}
}

func TestDirectoryIsLocked(t *testing.T) {
	cfg := defaultConfig().(*Config)
	cfg.Directory = tempDir(t)
	first, err := newExtension(extensiontest.NewNopSettings(storageType), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	second, err := newExtension(extensiontest.NewNopSettings(storageType), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context(), componenttest.NewNopHost()); err == nil || !strings.Contains(err.Error(), "another Collector") {
		t.Errorf("got %v", err)
	}
	id := component.NewID(exporterType)
	c, err := first.GetClient(t.Context(), component.KindExporter, id, "traces")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.GetClient(t.Context(), component.KindExporter, id, "traces"); err == nil {
		t.Error("a client was opened twice")
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := first.GetClient(t.Context(), component.KindExporter, id, "traces"); err != nil {
		t.Errorf("reopen: %v", err)
	}
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
	_ = second.Shutdown(t.Context())
}
