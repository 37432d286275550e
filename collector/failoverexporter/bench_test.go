//go:build unix

package failoverexporter

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// BenchmarkAgainstUpstream measures the CPU time of a request of 100 spans through queue, batch, zstd and HTTP/2, including
// the receiving server, and its ratio to that of otlp_http in the same run.
func BenchmarkAgainstUpstream(b *testing.B) {
	for name, stored := range map[string]bool{"queue=memory": false, "queue=stored": true} {
		b.Run(name, func(b *testing.B) {
			var bytes atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				bytes.Add(n)
			}))
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			own := cpuOf(b, ownExporter(b, server.URL, stored))
			sent := bytes.Swap(0)
			upstream := cpuOf(b, upstreamExporter(b, server.URL, stored))
			b.ReportMetric(float64(own.Microseconds())/float64(b.N), "cpu-µs/request")
			b.ReportMetric(float64(upstream.Microseconds())/float64(b.N), "upstream-cpu-µs/request")
			b.ReportMetric(float64(own)/float64(upstream), "of-upstream")
			b.ReportMetric(float64(sent)/float64(bytes.Load()), "bytes-of-upstream")
		})
	}
}

func benchQueue(stored bool) configoptional.Optional[exporterhelper.QueueBatchConfig] {
	q := exporterhelper.NewDefaultQueueConfig()
	q.Sizer, q.QueueSize, q.NumConsumers, q.BlockOnOverflow = exporterhelper.RequestSizerTypeBytes, 64<<20, 4, true
	q.Batch = configoptional.Some(exporterhelper.BatchConfig{FlushTimeout: 200 * time.Millisecond, Sizer: exporterhelper.RequestSizerTypeBytes, MinSize: 1_000_000, MaxSize: 4_500_000})
	if stored {
		id := diskID()
		q.StorageID = &id
	}
	return configoptional.Some(q)
}

func ownExporter(b *testing.B, url string, stored bool) exporter.Traces {
	f := NewFactory()
	c := f.CreateDefaultConfig().(*Config)
	c.Endpoints = []EndpointConfig{{Name: "primary", Endpoint: url}, {Name: "backup", Endpoint: url}}
	c.TLS = configtls.ClientConfig{InsecureSkipVerify: true}
	c.QueueConfig = benchQueue(stored)
	e, err := f.CreateTraces(b.Context(), exportertest.NewNopSettings(f.Type()), c)
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func upstreamExporter(b *testing.B, url string, stored bool) exporter.Traces {
	f := otlphttpexporter.NewFactory()
	c := f.CreateDefaultConfig().(*otlphttpexporter.Config)
	c.ClientConfig.Endpoint, c.ClientConfig.Compression = url, configcompression.TypeZstd
	c.ClientConfig.TLS = configtls.ClientConfig{InsecureSkipVerify: true}
	c.QueueConfig = benchQueue(stored)
	e, err := f.CreateTraces(b.Context(), exportertest.NewNopSettings(f.Type()), c)
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// cpuOf sends b.N requests, and returns the CPU time until all have been sent.
func cpuOf(b *testing.B, e exporter.Traces) time.Duration {
	b.Helper()
	d := newDisk()
	if err := e.Start(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	requests := make([]ptrace.Traces, 16)
	for i := range requests {
		requests[i] = richTraces(uint64(i) * 100)
	}
	began := cpu(b)
	for n := range b.N {
		td := ptrace.NewTraces()
		requests[n%len(requests)].CopyTo(td)
		if err := e.ConsumeTraces(context.Background(), td); err != nil {
			b.Fatal(err)
		}
	}
	for d.len("traces") > 1 { // metadata is left
		time.Sleep(time.Millisecond)
	}
	if err := e.Shutdown(context.Background()); err != nil { // sends what is queued in memory
		b.Fatal(err)
	}
	return cpu(b) - began
}

func (d *disk) len(signal string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.values[signal])
}

// richTraces makes 100 spans with the attributes that a server span has.
func richTraces(first uint64) ptrace.Traces {
	td := numbered(first, 100)
	for i, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		a := s.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.path", "/api/v1/orders/"+s.SpanID().String())
		a.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
		a.PutStr("server.address", "checkout.shop.svc.cluster.local")
		a.PutInt("http.response.status_code", 200)
		a.PutInt("network.peer.port", int64(40000+i))
		a.PutStr("client.address", s.SpanID().String())
	}
	return td
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
