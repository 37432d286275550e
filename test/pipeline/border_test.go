package pipeline

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// border is a region with a primary and a backup that record what leaves the region.
type border struct {
	client          *grpc.ClientConn
	primary, backup *ledger
}

// newBorder starts a region with additional chart values.
func newBorder(t *testing.T, values string) *border {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a Collector; run without -short")
	}
	p := newPlant(t)
	b := &border{primary: p.newLedger(t), backup: p.newLedger(t)}
	values = strings.Replace(RegionValues([2]string{b.primary.address, b.backup.address})+values,
		"{provider: other, region: us-east-1}", `{provider: aws, region: us-east-1, account: "123456789012"}`, 1)
	region := p.node("region", []string{p.Render(t, values, Regional), offCluster,
		"yaml:processors::resource_detection::detectors: [env]",
		"yaml:exporters::otlp_failover::compression: none",
	}).Start(t)
	conn, err := grpc.NewClient(region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	b.client = conn
	return b
}

// send sends a request of each signal to the region, which must accept it.
func (b *border) send(t *testing.T, spans *coltrace.ExportTraceServiceRequest, points *colmetrics.ExportMetricsServiceRequest, records *collogs.ExportLogsServiceRequest) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := coltrace.NewTraceServiceClient(b.client).Export(ctx, spans); err != nil {
		t.Fatalf("send spans: %v", err)
	}
	if _, err := colmetrics.NewMetricsServiceClient(b.client).Export(ctx, points); err != nil {
		t.Fatalf("send data points: %v", err)
	}
	if _, err := collogs.NewLogsServiceClient(b.client).Export(ctx, records); err != nil {
		t.Fatalf("send log records: %v", err)
	}
}

// ledger is a central site that records every request as text.
type ledger struct {
	address string

	mu       sync.Mutex
	closed   bool
	requests map[string][]string // by signal
}

func (p *Plant) newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{address: net.JoinHostPort(p.Address(), "4318"), requests: map[string][]string{}}
	p.serve(t, l.address, l)
	return l
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	signal := strings.TrimPrefix(r.URL.Path, "/v1/")
	request, known := map[string]proto.Message{
		Traces: new(coltrace.ExportTraceServiceRequest), Metrics: new(colmetrics.ExportMetricsServiceRequest), Logs: new(collogs.ExportLogsServiceRequest),
	}[signal]
	body, err := io.ReadAll(r.Body)
	if err == nil && known {
		err = proto.Unmarshal(body, request)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || !known:
		http.Error(w, fmt.Sprintf("%s: %v", signal, err), http.StatusBadRequest)
	case l.closed:
		http.Error(w, "closed", http.StatusServiceUnavailable)
	default:
		l.requests[signal] = append(l.requests[signal], protojson.Format(request))
	}
}

// refuse makes the site answer 503 from now on.
func (l *ledger) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// has returns the signals that have received a text.
func (l *ledger) has(text string) (signals []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, signal := range []string{Traces, Metrics, Logs} {
		if slices.ContainsFunc(l.requests[signal], func(request string) bool { return strings.Contains(request, text) }) {
			signals = append(signals, signal)
		}
	}
	return signals
}

// count returns how often a text occurs in the received requests.
func (l *ledger) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, requests := range l.requests {
		for _, request := range requests {
			n += strings.Count(request, text)
		}
	}
	return n
}

// await waits until exactly these signals have received a text.
func (l *ledger) await(t *testing.T, text string, signals ...string) {
	t.Helper()
	Await(t, Patience, fmt.Sprintf("%q in %q", text, signals), func() bool { return slices.Equal(l.has(text), signals) })
}
