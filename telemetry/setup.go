package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel"
	nooplog "go.opentelemetry.io/otel/log/noop"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
)

// Options are settings that only the code knows. All are optional.
type Options struct {
	// ServiceName is the service.name if no OTEL_* variable sets it.
	ServiceName string
	// ServiceVersion is the service.version if no OTEL_* variable sets it.
	ServiceVersion string
	// BaggageKeys are the baggage entries to copy to every span and log record. Baggage comes from callers:
	// list only entries that they may write into your telemetry.
	BaggageKeys []string
	// FlushLimit is the time limit for sending the remaining telemetry at shutdown; 0 means 5 s.
	FlushLimit time.Duration
	// Logger is the log of the library itself; nil means JSON on standard error. It must not write to
	// [LogHandler], or it would export the report of a failed export.
	Logger *slog.Logger
}

// Setup installs OpenTelemetry's global providers and propagators according to the environment, and returns a
// function that flushes them and shuts them down. It does not wait for connections.
//
// shutdown is never nil, and can be called more than once. It may take up to FlushLimit, even if its context
// has already been canceled, as it usually is when a service ends. The error lists the variables that could not
// be used. All other signals still work, so a service should log the error and continue.
func Setup(ctx context.Context, o Options) (shutdown func(context.Context) error, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	if o.FlushLimit == 0 {
		o.FlushLimit = 5 * time.Second
	}
	otel.SetErrorHandler(&reporter{logger: o.Logger})
	otel.SetTextMapPropagator(autoprop.NewTextMapPropagator())
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		otel.SetTracerProvider(nooptrace.NewTracerProvider())
		otel.SetMeterProvider(noopmetric.NewMeterProvider())
		otel.SetLoggerProvider(nooplog.NewLoggerProvider())
		return func(context.Context) error { return nil }, nil
	}

	res, resourceErr := newResource(ctx, o)
	out, exportersErr := newExporters(ctx)
	p := newProviders(res, out, o.BaggageKeys)
	otel.SetTracerProvider(p.traces)
	otel.SetMeterProvider(p.metrics)
	otel.SetLoggerProvider(p.logs)
	if missing := missing(out); len(missing) > 0 {
		o.Logger.Info("some of Telepod's variables are missing; to get them, label the namespace telepod.dev/injection=enabled",
			"missing", missing, "exported", out.signals())
	}
	return p.shutdownOnce(o.FlushLimit), errors.Join(resourceErr, exportersErr)
}

// shutdownOnce ignores the cancellation of its context, to send the last spans of a service that is ending.
func (p providers) shutdownOnce(limit time.Duration) func(context.Context) error {
	var once sync.Once
	var err error
	return func(ctx context.Context) error {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
			defer cancel()
			err = p.shutdown(ctx)
		})
		return err
	}
}

// reporter logs OpenTelemetry's errors, at most a few lines a minute: without a Collector, every export of
// every signal fails.
type reporter struct {
	logger *slog.Logger

	mu       sync.Mutex
	minute   time.Time
	logged   int
	withheld int
}

const linesPerMinute = 4

// Handle implements [otel.ErrorHandler].
func (r *reporter) Handle(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.minute) >= time.Minute {
		r.minute, r.logged = now, 0
	}
	if r.logged == linesPerMinute {
		r.withheld++
		return
	}
	r.logger.Warn("OpenTelemetry reports a problem; the service is not affected", "error", err, "withheld", r.withheld)
	r.logged++
	r.withheld = 0
}
