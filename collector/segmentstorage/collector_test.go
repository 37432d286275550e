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

// awaitAll waits until all names have arrived.
func (s *site) awaitAll(t *testing.T, names []string) {
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

// stop ends the goroutines. Tests of kills copy the directory before that.
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

// clientDir returns the directory of the exporter's client.
func clientDir(dir string) string {
	return filepath.Join(dir, directoryName(component.KindExporter, component.NewID(exporterType), "traces"))
}
