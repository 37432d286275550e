package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/telepod/telepod/webhook"

// telemetry exports Telepod's own metrics and traces: metrics for Prometheus to scrape, and both by OTLP if the
// environment sets an endpoint (OTEL_EXPORTER_OTLP_ENDPOINT and similar variables).
type telemetry struct {
	meter    metric.Meter
	tracer   trace.Tracer // nil if traces are not exported
	handler  http.Handler // of /metrics
	shutdown func(context.Context) error
}

func newTelemetry(ctx context.Context, version string) (*telemetry, error) {
	about, err := describeSelf(ctx, version)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	scraped, err := otelprometheus.New(otelprometheus.WithRegisterer(registry),
		otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("export metrics to Prometheus: %w", err)
	}
	options := []sdkmetric.Option{sdkmetric.WithResource(about), sdkmetric.WithReader(scraped),
		sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter)}
	pushed, err := otlpMetrics(ctx)
	if err != nil {
		return nil, err
	}
	if pushed != nil {
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(pushed)))
	}
	meters := sdkmetric.NewMeterProvider(options...)
	t := &telemetry{
		meter: meters.Meter(scope), shutdown: meters.Shutdown,
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}),
	}
	return t, t.trace(ctx, about)
}

func (t *telemetry) trace(ctx context.Context, about *resource.Resource) error {
	exporter, err := otlpTraces(ctx)
	if err != nil || exporter == nil {
		return err
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(exporter))
	t.tracer = tracers.Tracer(scope)
	metrics := t.shutdown
	t.shutdown = func(ctx context.Context) error { return errors.Join(tracers.Shutdown(ctx), metrics(ctx)) }
	return nil
}
