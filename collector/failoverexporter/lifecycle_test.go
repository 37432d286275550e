package failoverexporter

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onDisk is the configuration with a persistent queue, and no wait for a batch to fill.
func onDisk(c *Config) *Config {
	id := diskID()
	c.QueueConfig.Get().StorageID = &id
	return c
}

// run starts an exporter for traces, calls f, and shuts it down.
func run(t *testing.T, c *Config, d *disk, f func(*rig)) {
	t.Helper()
	r := newRig(t, c)
	var err error
	if r.traces, err = r.factory.traces(t.Context(), r.set, c); err != nil {
		t.Fatal(err)
	}
	if err := r.traces.Start(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	f(r)
	if err := r.traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A shutdown while no site accepts data leaves all of it on disk, including batches that waited for an endpoint.
func TestShutdownKeepsWaitingBatches(t *testing.T) {
	b := newBackend(t)
	b.link.cut()
	d := newDisk()
	run(t, onDisk(testConfig(b)), d, func(r *rig) {
		for n := range uint64(20) {
			if err := r.traces.ConsumeTraces(t.Context(), numbered(10*n, 10)); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the site is known to be down", func() bool { return r.sum("endpoint_up") == 0 })
	})
	b.link.mend()
	run(t, onDisk(testConfig(b)), d, func(*rig) {
		eventually(t, "all spans arrive", func() bool { return len(b.spans()) == 200 })
	})
	if n := duplicates(b.spans()); n > 0 {
		t.Errorf("%d spans arrived twice", n)
	}
}

// Requests in flight at a shutdown are answered: neither lost nor sent twice.
func TestShutdownWaitsForAnswers(t *testing.T) {
	b := newBackend(t)
	arrived, goOn := make(chan struct{}, 100), make(chan struct{})
	b.answerWith(func(http.ResponseWriter, *http.Request, signal) bool {
		arrived <- struct{}{}
		<-goOn
		return false
	})
	d := newDisk()
	run(t, onDisk(testConfig(b)), d, func(r *rig) {
		if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
			t.Fatal(err)
		}
		<-arrived
		time.AfterFunc(100*time.Millisecond, func() { close(goOn) })
	})
	b.answerWith(nil)
	run(t, onDisk(testConfig(b)), d, func(*rig) {})
	if seen := b.spans(); len(seen) != 10 || duplicates(seen) > 0 {
		t.Errorf("%d spans arrived, %d of them twice; want 10, each once", len(seen), duplicates(seen))
	}
}

// The queue that otlp_http has left on disk is sent after an upgrade.
func TestReadsTheQueueOfTheUpstreamExporter(t *testing.T) {
	b := newBackend(t)
	b.link.cut()
	d := newDisk()
	f := otlphttpexporter.NewFactory()
	old := f.CreateDefaultConfig().(*otlphttpexporter.Config)
	old.ClientConfig.Endpoint = b.url()
	id := diskID()
	queue := *createDefaultConfig().(*Config).QueueConfig.Get()
	queue.StorageID = &id
	old.QueueConfig = configoptional.Some(queue)
	upstream, err := f.CreateTraces(t.Context(), exportertest.NewNopSettings(f.Type()), old)
	if err != nil {
		t.Fatal(err)
	}
	if err := upstream.Start(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(5) {
		if err := upstream.ConsumeTraces(t.Context(), numbered(10*n, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := upstream.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.link.mend()
	run(t, onDisk(testConfig(b)), d, func(*rig) {
		eventually(t, "all spans arrive", func() bool { return len(b.spans()) == 50 })
	})
}

func TestOneConnectionForAllSignals(t *testing.T) {
	b := newBackend(t)
	r := started(t, testConfig(b))
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := r.metrics.ConsumeMetrics(t.Context(), oneMetric()); err != nil {
		t.Fatal(err)
	}
	if err := r.logsOut.ConsumeLogs(t.Context(), oneLog()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all signals arrive", func() bool { return b.count(traces) == 1 && b.count(metrics) == 1 && b.count(logs) == 1 })
	if n := b.link.accepted(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	for name, want := range map[string]int64{"active": 3, "endpoint_up": 3, "in_flight": 0, "requests": 3} {
		if got := r.sum(name, "endpoint", "primary"); got != want {
			t.Errorf("%s adds up to %d, want %d", name, got, want)
		}
	}
	if r.sum("sent_bytes", "signal", "traces") == 0 {
		t.Error("no bytes counted")
	}
}

// A site that refuses one signal keeps the others.
func TestSignalsFailOverSeparately(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	primary.answerWith(func(w http.ResponseWriter, _ *http.Request, sig signal) bool {
		if sig == metrics {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return sig == metrics
	})
	r := started(t, testConfig(primary, backup))
	for range 5 {
		if err := r.metrics.ConsumeMetrics(t.Context(), oneMetric()); err != nil {
			t.Fatal(err)
		}
		if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all arrive", func() bool { return backup.count(metrics) == 5 && primary.count(traces) == 5 })
	if backup.count(traces) > 0 {
		t.Error("traces went to the backup")
	}
	if r.sum("active", "signal", "metrics", "endpoint", "backup") != 1 || r.sum("active", "signal", "traces", "endpoint", "primary") != 1 {
		t.Error("otelcol_exporter_failover_active shows other endpoints")
	}
}

// Nothing is lost while all sites are down, and the first that works is used without waiting for return_after.
func TestFirstSiteToRecoverIsUsed(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	primary.link.cut()
	backup.link.cut()
	r := started(t, testConfig(primary, backup))
	stop := r.stream()
	eventually(t, "nothing works", func() bool { return r.sum("active") == 0 })
	backup.link.mend()
	eventually(t, "the backup gets data", func() bool { return backup.count(traces) > 10 })
	primary.link.mend()
	eventually(t, "the primary gets data", func() bool { return primary.count(traces) > 10 })
	sent := stop()
	eventually(t, "all arrive", func() bool { return uint64(len(union(primary, backup))) == sent })
	if n := duplicates(union(primary, backup)); n > 0 {
		t.Errorf("%d of %d spans arrived twice", n, sent)
	}
	if !r.logged("No endpoint accepts the signal; its data waits") {
		t.Error("the log does not report it")
	}
}

// A site that answers stays in use if the silence was this process's own stall.
func TestOwnStallDoesNotFailOver(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	r := started(t, testConfig(primary, backup))
	g := r.factory.groups[r.config].group
	var once sync.Once
	primary.answerWith(func(_ http.ResponseWriter, req *http.Request, _ signal) bool {
		if req.ContentLength == 0 {
			return false
		}
		once.Do(func() {
			primary.link.freeze()
			g.stall.tick(time.Now().Add(-time.Hour))
			g.stall.tick(time.Now())
			eventually(t, "the site is probed", func() bool { return primary.link.accepted() == 2 })
			primary.link.thaw()
		})
		return false
	})
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the span arrives", func() bool { return len(union(primary, backup)) == 1 })
	if r.sum("switches") > 0 || backup.count(traces) > 0 {
		t.Error("the exporter failed over")
	}
}

// An idle node costs nothing: its connection is closed, and thus not pinged.
func TestIdleConnectionIsClosed(t *testing.T) {
	b := newBackend(t)
	c := testConfig(b)
	c.IdleConnTimeout = 50 * time.Millisecond
	r := started(t, c)
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is closed", func() bool { return b.count(traces) == 1 && b.link.closed() == 1 })
	if err := r.traces.ConsumeTraces(t.Context(), numbered(1, 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new one is opened", func() bool { return b.count(traces) == 2 })
	if r.sum("switches") > 0 {
		t.Error("a closed idle connection counts as a fault")
	}
}

func TestStartsWithoutAnySite(t *testing.T) {
	c := createDefaultConfig().(*Config)
	c.Endpoints = []EndpointConfig{{Name: "primary", Endpoint: "https://127.0.0.1:1"}}
	r := newRig(t, c)
	r.start(componenttest.NewNopHost())
}

// A batch is compressed once for all endpoints without filters, regardless of the number of tries.
func TestOneBodyForAllTries(t *testing.T) {
	c := testConfig(newBackend(t), newBackend(t), newBackend(t))
	c.Endpoints[2].Filters = []FilterConfig{{Action: "drop", Attribute: "k"}}
	r := newRig(t, c)
	telemetry, err := newInstruments(traces, c, r.set)
	if err != nil {
		t.Fatal(err)
	}
	s := newSender(traces, newGroup(c, r.set), telemetry)
	data, err := encodeTraces(numbered(0, 10))
	if err != nil {
		t.Fatal(err)
	}
	b := newBatch(traces, data, 10)
	var bodies [4]*body
	for i, endpoint := range []int{0, 1, 0, 2} {
		if bodies[i], err = s.body(endpoint, b); err != nil {
			t.Fatal(err)
		}
	}
	if bodies[0] != bodies[1] || bodies[0] != bodies[2] || bodies[3] == bodies[0] {
		t.Error("want one body for all endpoints without filters, and another for the one with a filter")
	}
}

func TestFactory(t *testing.T) {
	f := NewFactory()
	if err := componenttest.CheckConfigStruct(f.CreateDefaultConfig()); err != nil {
		t.Error(err)
	}
	if f.Type().String() != "otlp_failover" {
		t.Errorf("type %s", f.Type())
	}
	c := testConfig(newBackend(t))
	set := exportertest.NewNopSettings(f.Type())
	made, err := f.CreateTraces(t.Context(), set, c)
	if err != nil {
		t.Fatal(err)
	}
	if made.Capabilities().MutatesData {
		t.Error("data would be copied for this exporter")
	}
	if err := made.Shutdown(t.Context()); err != nil { // without a start
		t.Error(err)
	}
}
