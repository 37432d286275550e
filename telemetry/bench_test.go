package telemetry

import (
	"context"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// BenchmarkSpan measures a span with three attributes: with the bare SDK, with this package, and with a baggage
// entry copied to it. It excludes exports, which cost the same in all cases.
func BenchmarkSpan(b *testing.B) {
	b.Run("bare SDK", func(b *testing.B) {
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(discard{}))
		defer provider.Shutdown(context.Background())
		spans(b, b.Context(), provider.Tracer("bench"))
	})
	b.Run("telemetry", func(b *testing.B) { spans(b, b.Context(), set(b, Options{})) })
	b.Run("telemetry, baggage", func(b *testing.B) {
		bag, err := baggage.Parse("user.id=u1")
		if err != nil {
			b.Fatal(err)
		}
		spans(b, baggage.ContextWithBaggage(b.Context(), bag), set(b, Options{BaggageKeys: []string{"user.id"}}))
	})
}

// set is like Setup, but with an exporter that discards.
func set(b *testing.B, o Options) trace.Tracer {
	b.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	res, err := newResource(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	p := newProviders(res, exporters{traces: discard{}}, o.BaggageKeys)
	otel.SetTracerProvider(p.traces)
	b.Cleanup(func() { _ = p.shutdown(context.Background()) })
	return otel.Tracer("bench")
}

func spans(b *testing.B, ctx context.Context, tracer trace.Tracer) {
	b.ReportAllocs()
	for b.Loop() {
		_, span := tracer.Start(ctx, "work")
		span.SetAttributes(attribute.String("shop.order.id", "o1"), attribute.Int("shop.quantity", 1), attribute.Bool("shop.paid", true))
		span.End()
	}
}

type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                             { return nil }
