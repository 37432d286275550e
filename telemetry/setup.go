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

// Options are what only the code can know. All of them may be left out.
type Options struct {
	// ServiceName is service.name where no OTEL_* variable says it.
	ServiceName string
	// ServiceVersion is service.version where no OTEL_* variable says it.
	ServiceVersion string
	// BaggageKeys are the entries of the baggage that become attributes of every span and log
	// record. Baggage comes from callers: name only what they may write into your telemetry.
	BaggageKeys []string
	// FlushLimit is how long shutdown may take to send what is left; 5 s where it is 0.
	FlushLimit time.Duration
	// Logger gets what the library itself has to say: JSON on standard error where it is nil. It
	// must not end in [LogHandler], or the report of a failed export would be exported in turn.
	Logger *slog.Logger
}

// Setup installs the global providers and propagators of OpenTelemetry as the environment says,
// and returns what flushes and ends them. It does not wait for any connection.
//
// shutdown is never nil and may be called more than once. It takes FlushLimit at most, and has it
// even where its context has ended, as that of a service has by then. An error says which variables could not be followed;
// the signals that they do not concern work nonetheless, so a service logs it and goes on.
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
		o.Logger.Info("telemetry works with less than Telepod injects; label the namespace telepod.dev/injection=enabled for the rest",
			"missing", missing, "exported", out.signals())
	}
	return p.shutdownOnce(o.FlushLimit), errors.Join(resourceErr, exportersErr)
}

// shutdownOnce outlives the context that ends a service: the last spans are told after it.
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

// reporter logs what OpenTelemetry reports, a few lines a minute: a Collector that is away fails
// every export of every signal.
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
