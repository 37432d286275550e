package failoverexporter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// backend is an OTLP/HTTP server behind a link that can be cut or frozen.
type backend struct {
	t      *testing.T
	server *httptest.Server
	link   *link

	mu      sync.Mutex
	seen    map[uint64]int // how often each span number arrived
	empty   int
	bodies  [signalCount]int
	respond func(http.ResponseWriter, *http.Request, signal) bool // reports whether it has answered
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{t: t, seen: map[uint64]int{}}
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(b.serve))
	b.server.EnableHTTP2 = true
	b.server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	b.server.StartTLS()
	b.link = newLink(t, b.server.Listener.Addr().String())
	t.Cleanup(func() {
		b.link.cut()
		b.server.CloseClientConnections()
		b.server.Close()
	})
	return b
}

func (b *backend) url() string { return "https://" + b.link.address }

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	sig, ok := parseSignal(r.URL.Path[len("/v1/"):])
	if !ok {
		http.NotFound(w, r)
		return
	}
	b.mu.Lock()
	respond := b.respond
	b.mu.Unlock()
	if respond != nil && respond(w, r, sig) {
		return
	}
	data, err := content(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(data) == 0 {
		b.empty++
		return
	}
	b.bodies[sig]++
	if sig == traces {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, n := range numbers(td) {
			b.seen[n]++
		}
	}
}

// content reads and decompresses the body of a request.
func content(r *http.Request) ([]byte, error) {
	var reader io.Reader = r.Body
	switch r.Header.Get("Content-Encoding") {
	case "zstd":
		d, err := zstd.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		reader = d
	case "gzip":
		d, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		reader = d
	}
	return io.ReadAll(reader)
}

func (b *backend) answerWith(f func(http.ResponseWriter, *http.Request, signal) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.respond = f
}

func (b *backend) count(sig signal) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bodies[sig]
}

func (b *backend) spans() map[uint64]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[uint64]int, len(b.seen))
	for n, times := range b.seen {
		out[n] = times
	}
	return out
}

// rig is a component under test: the exporters of one configuration.
type rig struct {
	t       *testing.T
	config  *Config
	set     exporter.Settings
	factory *factory
	reader  *metric.ManualReader
	logs    *observer.ObservedLogs
	traces  exporter.Traces
	metrics exporter.Metrics
	logsOut exporter.Logs
}

func testConfig(backends ...*backend) *Config {
	c := createDefaultConfig().(*Config)
	for i, b := range backends {
		c.Endpoints = append(c.Endpoints, EndpointConfig{Name: []string{"primary", "backup", "third"}[i], Endpoint: b.url()})
	}
	c.StandbyInterval = 0
	c.TLS = configtls.ClientConfig{InsecureSkipVerify: true} // the CA of httptest is not in a file
	c.RetryConfig.InitialInterval, c.RetryConfig.MaxInterval = 50*time.Millisecond, 200*time.Millisecond
	return c
}

func newRig(t *testing.T, c *Config) *rig {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	r := &rig{t: t, config: c, factory: &factory{groups: map[*Config]*shared{}}, reader: metric.NewManualReader(), logs: logs, set: exportertest.NewNopSettings(component.MustNewType("otlp_failover"))}
	r.set.Logger = zap.New(core)
	r.set.MeterProvider = metric.NewMeterProvider(metric.WithReader(r.reader))
	return r
}

// start makes and starts the exporters for all three signals. They are shut down with the test.
func (r *rig) start(host component.Host) {
	r.t.Helper()
	var err error
	ctx := context.Background()
	if r.traces, err = r.factory.traces(ctx, r.set, r.config); err != nil {
		r.t.Fatal(err)
	}
	if r.metrics, err = r.factory.metrics(ctx, r.set, r.config); err != nil {
		r.t.Fatal(err)
	}
	if r.logsOut, err = r.factory.logs(ctx, r.set, r.config); err != nil {
		r.t.Fatal(err)
	}
	for _, c := range []component.Component{r.traces, r.metrics, r.logsOut} {
		if err := c.Start(ctx, host); err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() {
			if err := c.Shutdown(ctx); err != nil {
				r.t.Error(err)
			}
		})
	}
}

func started(t *testing.T, c *Config) *rig {
	t.Helper()
	r := newRig(t, c)
	r.start(componenttest.NewNopHost())
	return r
}

// eventually waits for a condition, long enough for a busy machine.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// union adds up what backends have seen.
func union(backends ...*backend) map[uint64]int {
	all := map[uint64]int{}
	for _, b := range backends {
		for n, times := range b.spans() {
			all[n] += times
		}
	}
	return all
}

func duplicates(seen map[uint64]int) int {
	more := 0
	for _, times := range seen {
		more += times - 1
	}
	return more
}

// sum adds up a counter or gauge of the exporter over all series that have the labels given as name, value, …
func (r *rig) sum(name string, labels ...string) int64 {
	r.t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &data); err != nil {
		r.t.Fatal(err)
	}
	var total int64
	for _, sm := range data.ScopeMetrics {
		for _, m := range sm.Metrics {
			if m.Name != prefix+name {
				continue
			}
			var points []metricdata.DataPoint[int64]
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = d.DataPoints
			case metricdata.Gauge[int64]:
				points = d.DataPoints
			}
			for _, p := range points {
				if hasLabels(p.Attributes, labels) {
					total += p.Value
				}
			}
		}
	}
	return total
}

func hasLabels(set attribute.Set, labels []string) bool {
	for i := 0; i < len(labels); i += 2 {
		if v, ok := set.Value(attribute.Key(labels[i])); !ok || v.AsString() != labels[i+1] {
			return false
		}
	}
	return true
}

// logged reports whether a line of the log has a text, in its message or its error.
func (r *rig) logged(text string) bool {
	for _, e := range r.logs.All() {
		if strings.Contains(e.Message, text) || strings.Contains(fmt.Sprint(e.ContextMap()["error"]), text) {
			return true
		}
	}
	return false
}
