package leak

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Value is the secret in all of them: search the stores for it.
const Value = "shop-secret-4711"

// Secrets writes [Value] into the span of the context, into an event of it, and into a log record,
// under keys that the chart redacts by default.
func Secrets(ctx context.Context) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.String("password", Value), attribute.String("http.request.header.authorization", "Bearer "+Value))
	span.AddEvent("login", trace.WithAttributes(attribute.String("token", Value)))
	slog.InfoContext(ctx, "user has logged in", "api_key", Value)
}
