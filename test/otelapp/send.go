package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// sender sends with the exporters that OTEL_* selects. It sets up only the signals that it sends.
type sender struct {
	resource     *resource.Resource
	faults       *faults
	spanExporter string // grpc, http or empty
}

// newSpanExporter creates the exporter that OTEL_* selects, or the hard-coded one.
func (s sender) newSpanExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	switch s.spanExporter {
	case "":
		return autoexport.NewSpanExporter(ctx)
	case "grpc":
		return otlptracegrpc.New(ctx)
	case "http":
		return otlptracehttp.New(ctx)
	}
	return nil, fmt.Errorf("-span-exporter is %q, want grpc or http", s.spanExporter)
}

func (s sender) spans(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	exporter, err := s.newSpanExporter(ctx)
	if err != nil {
		return fmt.Errorf("create the span exporter: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(s.resource), sdktrace.WithBatcher(exporter))
	tracer := provider.Tracer("otelapp")
	for i := range n {
		_, span := tracer.Start(ctx, fmt.Sprintf("span-%d", i))
		span.End()
		if (i+1)%flushEvery == 0 {
			s.faults.Handle(provider.ForceFlush(ctx))
		}
	}
	return provider.Shutdown(ctx)
}

func (s sender) points(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	reader, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return fmt.Errorf("create the metric reader that OTEL_* selects: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithResource(s.resource), sdkmetric.WithReader(reader))
	meter := provider.Meter("otelapp")
	for i := range n {
		counter, err := meter.Int64Counter(fmt.Sprintf("counter-%d", i))
		if err != nil {
			return err
		}
		counter.Add(ctx, 1)
	}
	return provider.Shutdown(ctx) // collects and exports
}

func (s sender) records(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	exporter, err := autoexport.NewLogExporter(ctx)
	if err != nil {
		return fmt.Errorf("create the log exporter that OTEL_* selects: %w", err)
	}
	provider := sdklog.NewLoggerProvider(sdklog.WithResource(s.resource), sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)))
	logger := provider.Logger("otelapp")
	for i := range n {
		var record log.Record
		record.SetSeverity(log.SeverityInfo)
		record.SetBody(attribute.StringValue(fmt.Sprintf("record-%d", i)))
		logger.Emit(ctx, record)
		if (i+1)%flushEvery == 0 {
			s.faults.Handle(provider.ForceFlush(ctx))
		}
	}
	return provider.Shutdown(ctx)
}
