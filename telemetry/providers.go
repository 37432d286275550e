package telemetry

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/contrib/processors/baggagecopy"
	"go.opentelemetry.io/otel/baggage"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

type providers struct {
	traces  *sdktrace.TracerProvider
	metrics *sdkmetric.MeterProvider
	logs    *sdklog.LoggerProvider
}

// newProviders connects resource, baggage and exporters. Sampler, batches, limits and intervals are the SDK's
// defaults, for which the SDK itself reads the OTEL_* variables.
func newProviders(res *resource.Resource, out exporters, baggageKeys []string) providers {
	traces := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	metrics := []sdkmetric.Option{sdkmetric.WithResource(res)}
	logs := []sdklog.LoggerProviderOption{sdklog.WithResource(res)}
	if len(baggageKeys) > 0 {
		chosen := func(m baggage.Member) bool { return slices.Contains(baggageKeys, m.Key()) }
		traces = append(traces, sdktrace.WithSpanProcessor(baggagecopy.NewSpanProcessor(chosen)))
		logs = append(logs, sdklog.WithProcessor(baggagecopy.NewLogProcessor(chosen)))
	}
	if out.traces != nil {
		traces = append(traces, sdktrace.WithBatcher(out.traces))
	}
	if out.metrics != nil {
		metrics = append(metrics, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(out.metrics)))
	}
	if out.logs != nil {
		logs = append(logs, sdklog.WithProcessor(sdklog.NewBatchProcessor(out.logs)))
	}
	return providers{
		traces:  sdktrace.NewTracerProvider(traces...),
		metrics: sdkmetric.NewMeterProvider(metrics...),
		logs:    sdklog.NewLoggerProvider(logs...),
	}
}

// shutdown flushes all signals concurrently, so that each can use the whole time limit.
func (p providers) shutdown(ctx context.Context) error {
	ends := []func(context.Context) error{p.traces.Shutdown, p.metrics.Shutdown, p.logs.Shutdown}
	errs := make(chan error, len(ends))
	for _, end := range ends {
		go func() { errs <- end(ctx) }()
	}
	var all error
	for range ends {
		all = errors.Join(all, <-errs)
	}
	return all
}
