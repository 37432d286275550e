package telemetry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// received is a span, a metric or a log record, as seen by a Collector.
type received struct {
	kind, name      string // "span", "metric", "log"
	resource, attrs map[string]string
	trace, span     string
}

// receiver accepts OTLP over gRPC and HTTP and records it.
type receiver struct {
	coltrace.UnimplementedTraceServiceServer
	grpcURL, httpURL string

	mu    sync.Mutex
	items []received
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := grpc.NewServer()
	coltrace.RegisterTraceServiceServer(server, r)
	colmetrics.RegisterMetricsServiceServer(server, metricsOf{r: r})
	collogs.RegisterLogsServiceServer(server, logsOf{r: r})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	r.grpcURL = "http://" + listener.Addr().String()

	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(_ http.ResponseWriter, q *http.Request) {
		r.Export(q.Context(), decode(t, q, &coltrace.ExportTraceServiceRequest{}))
	})
	mux.HandleFunc("POST /v1/metrics", func(_ http.ResponseWriter, q *http.Request) {
		metricsOf{r: r}.Export(q.Context(), decode(t, q, &colmetrics.ExportMetricsServiceRequest{}))
	})
	mux.HandleFunc("POST /v1/logs", func(_ http.ResponseWriter, q *http.Request) {
		logsOf{r: r}.Export(q.Context(), decode(t, q, &collogs.ExportLogsServiceRequest{}))
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	r.httpURL = web.URL
	return r
}

func decode[M proto.Message](t *testing.T, q *http.Request, m M) M {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		t.Errorf("read the request: %v", err)
	}
	if err := proto.Unmarshal(body, m); err != nil {
		t.Errorf("decode %s: %v", q.URL.Path, err)
	}
	return m
}

func (r *receiver) keep(i received) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items = append(r.items, i)
}

// all returns the items of one kind by name.
func (r *receiver) all(kind string) map[string]received {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := map[string]received{}
	for _, i := range r.items {
		if i.kind == kind {
			found[i.name] = i
		}
	}
	return found
}

func (r *receiver) Export(_ context.Context, q *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	for _, res := range q.GetResourceSpans() {
		for _, scope := range res.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.keep(received{"span", s.GetName(), texts(res.GetResource().GetAttributes()), texts(s.GetAttributes()), string(s.GetTraceId()), string(s.GetSpanId())})
			}
		}
	}
	return &coltrace.ExportTraceServiceResponse{}, nil
}

type metricsOf struct {
	colmetrics.UnimplementedMetricsServiceServer
	r *receiver
}

func (m metricsOf) Export(_ context.Context, q *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	for _, res := range q.GetResourceMetrics() {
		for _, scope := range res.GetScopeMetrics() {
			for _, one := range scope.GetMetrics() {
				m.r.keep(received{kind: "metric", name: one.GetName(), resource: texts(res.GetResource().GetAttributes())})
			}
		}
	}
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

type logsOf struct {
	collogs.UnimplementedLogsServiceServer
	r *receiver
}

func (l logsOf) Export(_ context.Context, q *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	for _, res := range q.GetResourceLogs() {
		for _, scope := range res.GetScopeLogs() {
			for _, one := range scope.GetLogRecords() {
				l.r.keep(received{"log", one.GetBody().GetStringValue(), texts(res.GetResource().GetAttributes()), texts(one.GetAttributes()), string(one.GetTraceId()), string(one.GetSpanId())})
			}
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

func texts(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range list {
		m[kv.GetKey()] = kv.GetValue().GetStringValue()
	}
	return m
}

// emit creates one span, one metric and one log record.
func emit(t *testing.T) {
	t.Helper()
	ctx, span := otel.Tracer("test").Start(t.Context(), "work")
	counter, err := otel.Meter("test").Int64Counter("done")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(ctx, 1)
	logger(t).InfoContext(ctx, "worked")
	span.End()
}
