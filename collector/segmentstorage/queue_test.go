package segmentstorage

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

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
	over = true // later spans arrive at a site that the test does not check
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
	open.awaitAll(t, accepted)
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

// TestOldQueueIsImported checks that a queue of the file_storage extension is imported and sent.
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
	open.awaitAll(t, accepted)
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
