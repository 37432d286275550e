package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// exporting calls Setup with a receiver and a baggage key, in the environment of an injected pod.
func exporting(t *testing.T, more ...string) (r *receiver, flush func()) {
	t.Helper()
	r = newReceiver(t)
	environment(t, pod(append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, more...)...))
	return r, setup(t, Options{BaggageKeys: []string{"user.id"}})
}

// withBaggage returns the context of a user's request, with one more baggage entry that no service selected.
func withBaggage(t *testing.T) context.Context {
	t.Helper()
	bag, err := baggage.Parse("user.id=u%201,secret=s")
	if err != nil {
		t.Fatal(err)
	}
	return baggage.ContextWithBaggage(t.Context(), bag)
}

func TestHTTPPassesOnTraceAndBaggage(t *testing.T) {
	r, flush := exporting(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(_ http.ResponseWriter, q *http.Request) {
		logger(t).InfoContext(q.Context(), "read")
	})
	server := httptest.NewServer(Handler(mux))
	defer server.Close()
	ctx, span := otel.Tracer("test").Start(withBaggage(t), "work")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/orders/7", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	span.End()
	flush()
	expectOneTrace(t, r, "work", "HTTP GET", "GET /orders/{id}")
	expectUser(t, r.all("log")["read"])
}

func TestGRPCPassesOnTraceAndBaggage(t *testing.T) {
	r, flush := exporting(t)
	server := grpc.NewServer(ServerOption())
	coltrace.RegisterTraceServiceServer(server, &receiver{}) // any service will do
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	defer server.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), DialOption())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, span := otel.Tracer("test").Start(withBaggage(t), "work")
	if _, err := coltrace.NewTraceServiceClient(conn).Export(ctx, &coltrace.ExportTraceServiceRequest{}); err != nil {
		t.Fatal(err)
	}
	span.End()
	plain, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := grpc_health_v1.NewHealthClient(plain).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	flush()
	expectOneTrace(t, r, "work", "opentelemetry.proto.collector.trace.v1.TraceService/Export")
	if _, traced := r.all("span")["grpc.health.v1.Health/Check"]; traced {
		t.Error("a health check left a span")
	}
}

// expectOneTrace checks that all spans exist, are in one trace, and have only the selected baggage.
func expectOneTrace(t *testing.T, r *receiver, names ...string) {
	t.Helper()
	spans := r.all("span")
	for _, name := range names {
		span, ok := spans[name]
		if !ok {
			t.Errorf("no span %q among %v", name, spans)
			continue
		}
		if span.trace != spans[names[0]].trace {
			t.Errorf("%q is in another trace", name)
		}
		expectUser(t, span)
	}
}

func expectUser(t *testing.T, i received) {
	t.Helper()
	if i.attrs["user.id"] != "u 1" {
		t.Errorf("%s %q has user.id %q", i.kind, i.name, i.attrs["user.id"])
	}
	if _, there := i.attrs["secret"]; there {
		t.Errorf("%s %q has baggage that was not selected", i.kind, i.name)
	}
}

func TestPropagatorsAreThoseOfTheVariable(t *testing.T) {
	for variable, header := range map[string]string{"": "Traceparent", "b3": "B3", "tracecontext,baggage": "Baggage"} {
		_, flush := exporting(t, "OTEL_PROPAGATORS", variable)
		var got http.Header
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { got = q.Header }))
		req, err := http.NewRequestWithContext(withBaggage(t), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		server.Close()
		flush()
		if got.Get(header) == "" {
			t.Errorf("OTEL_PROPAGATORS=%q: no header %s in %v", variable, header, got)
		}
	}
}

func TestLogsArePrintedAndExported(t *testing.T) {
	r, flush := exporting(t)
	var printed bytes.Buffer
	log := slog.New(LogHandler("test", slog.NewJSONHandler(&printed, &slog.HandlerOptions{Level: slog.LevelWarn}))).With("order", "7")
	ctx, span := otel.Tracer("test").Start(t.Context(), "work")
	log.WarnContext(ctx, "slow")
	log.InfoContext(ctx, "chatter")
	span.End()
	flush()

	var line map[string]any
	if err := json.Unmarshal(printed.Bytes(), &line); err != nil {
		t.Fatalf("not one line of JSON: %v\n%s", err, printed.String())
	}
	if line["msg"] != "slow" || line["order"] != "7" || line["trace_id"] != span.SpanContext().TraceID().String() ||
		line["span_id"] != span.SpanContext().SpanID().String() {
		t.Errorf("printed %v", line)
	}
	logs, id := r.all("log"), span.SpanContext().TraceID()
	if record := logs["slow"]; record.attrs["order"] != "7" || record.trace != string(id[:]) {
		t.Errorf("exported %v", record)
	}
	if _, there := logs["chatter"]; there {
		t.Error("a record below the level was exported")
	}
	slog.New(LogHandler("test", slog.NewTextHandler(io.Discard, nil))).WithGroup("g").Info("without a trace")
}
