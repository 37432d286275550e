package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/trace"
)

// LogHandler sends log records to OpenTelemetry and, with trace_id and span_id added, to local. The level of
// local applies to both. Log with a context, as [slog.InfoContext] does; otherwise records have no trace. scope
// is the name of the package that logs.
func LogHandler(scope string, local slog.Handler) slog.Handler {
	return levelFilter{slog.NewMultiHandler(withTrace{local}, otelslog.NewHandler(scope)), local}
}

// levelFilter uses the level of one handler for both: a record is either printed and exported, or neither.
type levelFilter struct {
	slog.Handler
	level slog.Handler
}

func (l levelFilter) Enabled(ctx context.Context, level slog.Level) bool {
	return l.level.Enabled(ctx, level)
}

func (l levelFilter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelFilter{l.Handler.WithAttrs(attrs), l.level}
}

func (l levelFilter) WithGroup(name string) slog.Handler {
	return levelFilter{l.Handler.WithGroup(name), l.level}
}

// withTrace adds the IDs that link log lines and traces.
type withTrace struct{ slog.Handler }

func (h withTrace) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withTrace) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withTrace{h.Handler.WithAttrs(attrs)}
}

func (h withTrace) WithGroup(name string) slog.Handler { return withTrace{h.Handler.WithGroup(name)} }
