package pipeline

import (
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// BenchmarkIdleRegion reports the cost of a node without telemetry: private memory, and bytes on the link to
// the site, with the Collector's own metrics every 60 s.
func BenchmarkIdleRegion(b *testing.B) {
	p := newPlant(b)
	centralAddress := net.JoinHostPort(p.Address(), "4318")
	p.serve(b, centralAddress, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	link := NewLink(b, net.JoinHostPort(p.Address(), "4318"), centralAddress)
	region := p.Region(b, [2]string{link.Address, p.Address() + ":4318"}).Start(b)
	const idle = 2 * time.Minute
	before := link.Passed()
	time.Sleep(idle) // once, regardless of b.N
	b.ReportMetric(region.Memory(b)/(1<<20), "MiB")
	b.ReportMetric(float64(link.Passed()-before)/idle.Seconds(), "B/s")
}

// BenchmarkExport reports how long a region needs to acknowledge requests under a steady load of 5,000 spans per
// second.
func BenchmarkExport(b *testing.B) {
	p := newPlant(b)
	centralAddress := net.JoinHostPort(p.Address(), "4318")
	p.serveDiscarding(b, centralAddress)
	region := p.Region(b, [2]string{centralAddress, p.Address() + ":4318"}).Start(b)
	conn, err := grpc.NewClient(region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	client := coltrace.NewTraceServiceClient(conn)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var took []time.Duration
	for i := range b.N {
		request := spans(uint64(i*batch+1), batch)
		<-tick.C
		began := time.Now()
		if _, err := client.Export(b.Context(), request); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}
