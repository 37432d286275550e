package leak

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Value is the secret in all of them. Search the stores for it.
const Value = "shop-secret-4711"

// Secrets writes [Value] to the span of the context, to an event of that span, and to a log record, under keys
// that the chart redacts by default.
func Secrets(ctx context.Context) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.String("password", Value), attribute.String("http.request.header.authorization", "Bearer "+Value))
	span.AddEvent("login", trace.WithAttributes(attribute.String("token", Value)))
	slog.InfoContext(ctx, "user has logged in", "api_key", Value)
}
