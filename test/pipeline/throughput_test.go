package pipeline

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that is wrapped below
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// BenchmarkRegion sends spans to a region as fast as it accepts them, 100 in a request, until the last has left
// for a site. It reports how many spans the region forwards per second of processor time. The ratio to the bare
// pipeline of the same run makes machines comparable. Each variant omits or replaces a part, and shows its cost.
func BenchmarkRegion(b *testing.B) {
	bare := 0.0
	for _, v := range []struct {
		name    string
		configs []string
	}{
		{"bare", nil},
		{"region", []string{}},
		{"no-processors", []string{"yaml:service::pipelines::traces::processors: []"}},
		{"no-redaction", []string{"yaml:service::pipelines::traces::processors: [memory_limiter, sender_identity, resource/claims, k8s_attributes, resource_detection, resource/cloud]"}},
		{"strict-redaction", []string{"yaml:processors::secrets::level: strict"}},
		{"queue-in-memory", []string{"yaml:exporters::otlp_failover::sending_queue::storage: null"}},
		{"variant", []string{*extra}},
	} {
		b.Run(v.name, func(b *testing.B) {
			if v.name == "variant" && *extra == "" {
				b.Skip("needs -region, a configuration to compare with")
			}
			got := forward(b, func(p *Plant, central [2]string) *Node {
				if v.configs != nil {
					return p.Region(b, central, v.configs...)
				}
				n := p.node("bare", []string{"testdata/bare.yaml"})
				n.run.Env = append(n.run.Env, "CENTRAL_PRIMARY="+central[0])
				return n
			})
			if v.name == "bare" {
				bare = got
			}
			b.ReportMetric(got, "spans/cpu-s")
			if bare > 0 {
				b.ReportMetric(got/bare, "×bare")
			}
		})
	}
}

// batch is the number of spans in a request of the benchmark.
const batch = 100

// forward sends b.N requests and returns how many spans the region forwarded per second of processor time.
func forward(b *testing.B, node func(*Plant, [2]string) *Node) float64 {
	p := newPlant(b)
	centralAddress := net.JoinHostPort(p.Address(), "4318")
	arrived := p.serveDiscarding(b, centralAddress)
	region := node(p, [2]string{centralAddress, p.Address() + ":4318"})
	region.run.Env = append(region.run.Env, "GOMAXPROCS=1")
	region.Start(b)
	requests := encodedRequests(b)

	began := region.CPU(b)
	var next atomic.Int64
	b.ResetTimer()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := grpc.NewClient(region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(encoded{encoding.GetCodecV2("proto")})))
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		for pb.Next() {
			answer := new(coltrace.ExportTraceServiceResponse)
			if err := conn.Invoke(b.Context(), coltrace.TraceService_Export_FullMethodName, requests[int(next.Add(1))%len(requests)], answer); err != nil {
				b.Errorf("export: %v", err)
				return
			}
		}
	})
	want := float64(b.N * batch)
	Await(b, 2*time.Minute, "all spans to leave", func() bool {
		return region.Metric("otelcol_exporter_sent_spans_total", `exporter="`) >= want
	})
	b.StopTimer()
	b.ReportMetric(float64(arrived.Load())/want, "B/span")
	b.ReportMetric(region.Written(b)/want, "B-written/span")
	b.ReportMetric(region.PeakMemory(b)/1e6, "MB")
	return want / (region.CPU(b) - began).Seconds()
}

// BenchmarkSite sends spans to a central site as fast as it accepts them, 500 in a request, as a region sends
// them, until all are in the archive. It reports how many spans the site handles per second of processor time.
// Each variant omits a branch, and shows its cost.
func BenchmarkSite(b *testing.B) {
	whole := 0.0
	for _, v := range []struct {
		name   string
		config string
		env    string
	}{
		{"site", "", ""},
		{"garbage-100-percent", "", "GOGC=100"}, // Go's default; the chart sets 400
		{"no-span-metrics", "yaml:connectors::fan_out/traces: {required: [traces/sampled], optional: [traces/archive]}", ""},
		{"no-sampling", "yaml:connectors::fan_out/traces: {required: [], optional: [traces/archive, traces/span-metrics]}", ""},
		{"archive-only", "yaml:connectors::fan_out/traces: {required: [], optional: [traces/archive]}", ""},
	} {
		b.Run(v.name, func(b *testing.B) {
			p := NewPlant(b)
			site := p.Central(b, "primary", p.Direct())
			if v.config != "" {
				site.run.Configs = append(site.run.Configs, v.config)
			}
			site.run.Env = append(site.run.Env, "GOMAXPROCS=1", v.env)
			site.Start(b)
			bodies := backlogs(b, b.N, 0)
			began := site.CPU(b)
			var next atomic.Int64
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				client := p.nodeClient(b)
				for pb.Next() {
					if _, err := post(b, client, "https://"+site.Address+":4318/v1/traces", bodies[next.Add(1)-1]); err != nil {
						b.Error(err)
						return
					}
				}
			})
			want := float64(b.N * spansPerPost)
			Await(b, 2*time.Minute, "all spans in the archive", func() bool {
				return site.Metric("otelcol_exporter_sent_spans_total", `exporter="awss3/traces"`) >= want
			})
			b.StopTimer()
			got := want / (site.CPU(b) - began).Seconds()
			b.ReportMetric(got, "spans/cpu-s")
			b.ReportMetric(site.PeakMemory(b)/1e6, "MB")
			if v.name == "site" {
				whole = got
			}
			if whole > 0 {
				b.ReportMetric(got/whole, "×site")
			}
		})
	}
}

// encoded is a codec for requests that are already encoded.
type encoded struct{ encoding.CodecV2 }

func (c encoded) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func encodedRequests(b *testing.B) [][]byte {
	b.Helper()
	all := make([][]byte, 1000) // more than any compressor's window
	for i := range all {
		request, err := proto.Marshal(spans(uint64(i*batch+1), batch))
		if err != nil {
			b.Fatal(err)
		}
		all[i] = request
	}
	return all
}

// serveDiscarding starts a central site that discards requests, answers 200 and counts bytes.
func (p *Plant) serveDiscarding(b *testing.B, address string) (bytes *atomic.Int64) {
	b.Helper()
	bytes = new(atomic.Int64)
	p.serve(b, address, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body) // an aborted request is not counted as sent
		bytes.Add(n)
	}))
	return bytes
}

// serve starts a central site with mutual TLS and the test's handler.
func (p *Plant) serve(t testing.TB, address string, handler http.Handler) {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(p.Certificates(), "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert}}
	go server.ServeTLS(listener, filepath.Join(p.Certificates(), "tls.crt"), filepath.Join(p.Certificates(), "tls.key"))
	t.Cleanup(func() { server.Close() })
}
