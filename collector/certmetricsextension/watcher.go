package certmetricsextension

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const (
	scope      = "github.com/telepod/telepod/collector/certmetricsextension"
	metricName = "otelcol_certificate_expiry_timestamp_seconds"
)

// watcher reads the files whenever metrics are collected, so it needs no goroutine, and no value is older than
// the collection that shows it.
type watcher struct {
	files        []string
	telemetry    component.TelemetrySettings
	registration metric.Registration // nil unless started

	mu    sync.Mutex // several readers can collect at the same time
	known map[string]state
}

// state is what is known about a file.
type state struct {
	// expiry is from the last time that the file was readable: TLS settings also keep the certificate that they
	// loaded last. Zero if the file never was.
	expiry  time.Time
	problem string // the last error, which is logged; empty if the file is readable
}

func newWatcher(set extension.Settings, cfg *Config) *watcher {
	return &watcher{files: cfg.Files, telemetry: set.TelemetrySettings, known: make(map[string]state, len(cfg.Files))}
}

// Start reads every file once, so that a wrong path is logged even if nothing collects metrics.
func (w *watcher) Start(context.Context, component.Host) error {
	for _, file := range w.files {
		w.expiry(file)
	}
	meter := w.telemetry.MeterProvider.Meter(scope)
	gauge, err := meter.Int64ObservableGauge(metricName, metric.WithUnit("s"),
		metric.WithDescription("Unix time of the earliest expiry of a certificate in a file."))
	if err != nil {
		return err
	}
	w.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, file := range w.files {
			if expiry := w.expiry(file); !expiry.IsZero() {
				o.ObserveInt64(gauge, expiry.Unix(), metric.WithAttributes(attribute.String("file", file)))
			}
		}
		return nil
	}, gauge)
	return err
}

// Shutdown stops reading.
func (w *watcher) Shutdown(context.Context) error {
	if w.registration == nil {
		return nil
	}
	return w.registration.Unregister()
}

// expiry returns when a file's certificate expires, as far as known, and logs each new problem once.
func (w *watcher) expiry(file string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.known[file]
	expiry, err := earliestExpiry(file)
	switch {
	case err == nil && last.problem != "":
		w.telemetry.Logger.Info("the certificate file is readable again", zap.String("file", file))
	case err != nil && last.problem != err.Error():
		w.telemetry.Logger.Error("cannot determine when a certificate expires; fix the file", zap.String("file", file), zap.Error(err))
	}
	now := state{expiry: expiry}
	if err != nil {
		now = state{expiry: last.expiry, problem: err.Error()}
	}
	w.known[file] = now
	return now.expiry
}
