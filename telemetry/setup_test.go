package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// environment replaces all variables that Setup reads.
func environment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "CLOUD_") || strings.HasPrefix(name, "K8S_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// pod returns the variables of an injected pod on EKS.
func pod(more ...string) map[string]string {
	variables := map[string]string{
		"CLOUD_PROVIDER": "aws", "CLOUD_PLATFORM": "aws_eks", "CLOUD_REGION": "us-east-1", "CLOUD_AVAILABILITY_ZONE": "",
		"K8S_CLUSTER_NAME": "shop-use1", "K8S_NAMESPACE": "shop", "K8S_POD_NAME": "order-1", "K8S_CONTAINER_NAME": "app",
		"K8S_DEPLOYMENT_NAME": "order", "OTEL_SERVICE_NAME": "order",
		"OTEL_RESOURCE_ATTRIBUTES": "cloud.provider=aws,cloud.region=us-east-1,service.version=1.2%2B3",
	}
	for i := 0; i < len(more); i += 2 {
		variables[more[i]] = more[i+1]
	}
	return variables
}

func logger(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(LogHandler("test", slog.NewTextHandler(io.Discard, nil)))
}

// setup calls Setup with a quiet logger and returns a function that flushes.
func setup(t *testing.T, o Options) (flush func()) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	shutdown, err := Setup(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	}
}

func TestSignalsFollowTheVariables(t *testing.T) {
	for name, c := range map[string]struct {
		variables func(*receiver) []string
		want      []string
	}{
		"gRPC": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}
		}, []string{"log", "metric", "span"}},
		"HTTP": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.httpURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}
		}, []string{"log", "metric", "span"}},
		"the default is HTTP": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.httpURL}
		}, []string{"log", "metric", "span"}},
		"one signal elsewhere": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc",
				"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", r.httpURL + "/v1/logs", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"}
		}, []string{"log", "metric", "span"}},
		"one signal only": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", r.httpURL + "/v1/traces"}
		}, []string{"span"}},
		"without metrics": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.httpURL, "OTEL_METRICS_EXPORTER", "none"}
		}, []string{"log", "span"}},
		"disabled": {func(r *receiver) []string {
			return []string{"OTEL_EXPORTER_OTLP_ENDPOINT", r.httpURL, "OTEL_SDK_DISABLED", "true"}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			environment(t, pod(c.variables(r)...))
			flush := setup(t, Options{})
			emit(t)
			flush()
			var got []string
			for _, i := range r.items {
				got = append(got, i.kind)
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("signals (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResource(t *testing.T) {
	whole := map[string]string{
		"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.region": "us-east-1", "k8s.cluster.name": "shop-use1",
		"k8s.namespace.name": "shop", "k8s.pod.name": "order-1", "k8s.container.name": "app", "k8s.deployment.name": "order",
		"service.name": "order", "service.namespace": "shop", "service.version": "1.2+3", "service.instance.id": "shop.order-1.app",
		"telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "go",
	}
	with := func(pairs ...string) map[string]string {
		m := maps.Clone(whole)
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for name, c := range map[string]struct {
		variables map[string]string
		want      map[string]string
	}{
		"injected": {pod(), whole},
		"OTEL_RESOURCE_ATTRIBUTES wins over variables and code": {
			pod("OTEL_RESOURCE_ATTRIBUTES", "cloud.region=mine,service.version=9,service.instance.id=i"),
			with("cloud.region", "mine", "service.version", "9", "service.instance.id", "i")},
		"without it, variables and code count": {
			pod("OTEL_RESOURCE_ATTRIBUTES", "", "OTEL_SERVICE_NAME", ""), with("service.name", "coded", "service.version", "0.1")},
		"service.name among the attributes wins over the code": {
			pod("OTEL_RESOURCE_ATTRIBUTES", "service.name=told", "OTEL_SERVICE_NAME", ""), with("service.name", "told", "service.version", "0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, c.variables)
			res, err := newResource(t.Context(), Options{ServiceName: "coded", ServiceVersion: "0.1"})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, kv := range res.Attributes() {
				got[string(kv.Key)] = kv.Value.String()
			}
			delete(got, "telemetry.sdk.version")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("resource (-want +got):\n%s", diff)
			}
		})
	}
}

// Without injection, spans are created but not sent, and one log line gives the reason.
func TestNothingIsInjected(t *testing.T) {
	environment(t, nil)
	var logged bytes.Buffer
	flush := setup(t, Options{ServiceName: "local", Logger: slog.New(slog.NewJSONHandler(&logged, nil))})
	ctx, span := otel.Tracer("test").Start(t.Context(), "work")
	if !span.SpanContext().IsSampled() {
		t.Error("the span is not sampled")
	}
	header := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, header)
	if header["traceparent"] == "" {
		t.Error("the trace is not propagated")
	}
	emit(t)
	span.End()
	flush()

	var line struct{ Missing, Exported []string }
	if err := json.Unmarshal(logged.Bytes(), &line); err != nil {
		t.Fatalf("not one line of JSON: %v\n%s", err, logged.String())
	}
	want := []string{"CLOUD_PROVIDER", "K8S_POD_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT"}
	if diff := cmp.Diff(want, line.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if len(line.Exported) > 0 {
		t.Errorf("exports %v without an endpoint", line.Exported)
	}
}

// An invalid variable disables its signal, not the others.
func TestInvalidVariables(t *testing.T) {
	for name, c := range map[string]struct {
		variable, value, message string
		want                     []string
	}{
		"protocol": {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json", `"http/json" is not supported`, []string{"metric", "span"}},
		"exporter": {"OTEL_TRACES_EXPORTER", "zipkin", `OTEL_TRACES_EXPORTER: no exporter "zipkin"`, []string{"log", "metric"}},
		"resource": {"OTEL_RESOURCE_ATTRIBUTES", "cloud.region", "read OTEL_RESOURCE_ATTRIBUTES", []string{"log", "metric", "span"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			environment(t, pod("OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", c.variable, c.value))
			shutdown, err := Setup(t.Context(), Options{Logger: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %v, want %q", err, c.message)
			}
			emit(t)
			if err := shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			var got []string
			for _, i := range r.items {
				got = append(got, i.kind)
				if i.resource["service.name"] != "order" {
					t.Errorf("%s of service %q", i.kind, i.resource["service.name"])
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("signals (-want +got):\n%s", diff)
			}
		})
	}
}

// A service's context is canceled when it ends; its last telemetry is still sent.
func TestShutdownFlushesAfterTheContextHasEnded(t *testing.T) {
	r := newReceiver(t)
	environment(t, pod("OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"))
	shutdown, err := Setup(t.Context(), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	emit(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if err := shutdown(ended); err != nil {
			t.Error(err)
		}
	}
	if len(r.items) != 3 {
		t.Errorf("%d of 3 items arrived", len(r.items))
	}
}

// A Collector that accepts connections but never responds does not keep a service from ending.
func TestShutdownHasALimit(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	environment(t, pod("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String(), "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"))
	shutdown, err := Setup(t.Context(), Options{FlushLimit: 50 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	emit(t)
	if err := shutdown(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v, want DeadlineExceeded", err)
	}
}

func TestSampling(t *testing.T) {
	unsampled := trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, Remote: true}))
	for name, c := range map[string]struct {
		sampler string
		parent  context.Context
		want    bool
	}{
		"always":                   {"", t.Context(), true},
		"as the parent":            {"", unsampled, false},
		"OTEL_TRACES_SAMPLER wins": {"always_off", t.Context(), false},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, pod("OTEL_TRACES_SAMPLER", c.sampler))
			defer setup(t, Options{})()
			_, span := otel.Tracer("test").Start(c.parent, "work")
			if got := span.SpanContext().IsSampled(); got != c.want {
				t.Errorf("sampled: %v, want %v", got, c.want)
			}
		})
	}
}

func TestReporterIsBrief(t *testing.T) {
	var logged bytes.Buffer
	r := &reporter{logger: slog.New(slog.NewTextHandler(&logged, nil))}
	for range 100 {
		r.Handle(errors.New("no Collector"))
	}
	if lines := strings.Count(logged.String(), "\n"); lines != linesPerMinute {
		t.Errorf("%d lines, want %d", lines, linesPerMinute)
	}
	r.minute = r.minute.Add(-time.Minute)
	r.Handle(errors.New("no Collector"))
	if !strings.Contains(logged.String(), "withheld=96") {
		t.Errorf("does not report how many were withheld:\n%s", logged.String())
	}
}
