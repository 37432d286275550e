package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"github.com/telepod/telepod/injector"
)

// API servers limit names to these lengths; a forged request may not.
const (
	maxNamespace = 63
	maxName      = 253
	maxUID       = 64
	maxError     = 1024
)

// observer reports each admission exactly once, with one reason code: log line, metrics, span and event.
type observer struct {
	log         *slog.Logger
	instruments *instruments
	tracer      trace.Tracer // nil if traces are not exported
	events      *eventWriter // nil without an API server
	refusals    *rate.Limiter
}

func newObserver(log *slog.Logger, instruments *instruments) *observer {
	return &observer{log: log, instruments: instruments, refusals: rate.NewLimiter(rate.Every(time.Second), 10)}
}

// begin starts the span of an admission, as a child of the API server's.
func (o *observer) begin(ctx context.Context, header http.Header) context.Context {
	if o.tracer == nil {
		return ctx
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	ctx, _ = o.tracer.Start(ctx, "admit pod", trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// done reports an admission that has been answered.
func (o *observer) done(ctx context.Context, a admission) {
	o.instruments.record(ctx, a)
	o.write(ctx, a)
	if o.tracer != nil {
		finish(trace.SpanFromContext(ctx), a)
	}
	if o.events != nil {
		o.events.record(a)
	}
}

// refused reports a request that was not an AdmissionReview. Any client that reaches the port can send such
// requests, so only some of them are logged.
func (o *observer) refused(ctx context.Context, p *problem) {
	o.instruments.refused(ctx, p.status)
	if o.refusals.Allow() {
		o.log.LogAttrs(ctx, slog.LevelWarn, "request refused", slog.Int("status", p.status), slog.String("problem", p.text))
	}
}

// write logs one line with names and codes, never with the contents of a pod.
func (o *observer) write(ctx context.Context, a admission) {
	level := slog.LevelInfo
	if a.Err != nil || a.Verdict == Denied {
		level = slog.LevelWarn
	}
	if !o.log.Enabled(ctx, level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 16),
		slog.String("namespace", injector.Clip(a.request.Namespace, maxNamespace)),
		slog.String("pod", injector.Clip(a.pod(), maxName)),
		slog.String("uid", injector.Clip(string(a.request.UID), maxUID)),
		slog.String("decision", string(a.Verdict)),
		slog.String("reason", string(a.Reason)),
		slog.Float64("seconds", a.duration.Seconds()),
	)
	if profile := a.profile(); profile != "" {
		attrs = append(attrs, slog.String("profile", profile), slog.String("sidecar", string(a.Plan.SidecarKind)))
	}
	if len(a.Warnings) > 0 {
		attrs = append(attrs, slog.Int("warnings", len(a.Warnings)))
	}
	if a.request.DryRun {
		attrs = append(attrs, slog.Bool("dry_run", true))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", injector.Clip(a.Err.Error(), maxError)))
	}
	o.log.LogAttrs(ctx, level, "admission", attrs...)
}

func finish(span trace.Span, a admission) {
	span.SetAttributes(
		attribute.String("telepod.decision", string(a.Verdict)),
		attribute.String("telepod.reason", string(a.Reason)),
		attribute.String("k8s.namespace.name", injector.Clip(a.request.Namespace, maxNamespace)),
		attribute.Int("telepod.patch.size", len(a.Patch)),
		attribute.Int("telepod.warnings", len(a.Warnings)),
	)
	if profile := a.profile(); profile != "" {
		span.SetAttributes(attribute.String("telepod.profile", profile), attribute.String("telepod.sidecar", string(a.Plan.SidecarKind)))
	}
	if a.Err != nil {
		span.SetStatus(codes.Error, string(a.Reason))
	}
	span.End()
}

// pod returns the pod's name, or the prefix from which the API server will generate it.
func (a *admission) pod() string {
	switch {
	case a.request.Name != "":
		return a.request.Name
	case a.Pod == nil:
		return ""
	case a.Pod.Metadata.Name != "":
		return a.Pod.Metadata.Name
	}
	return a.Pod.Metadata.GenerateName + "*"
}
