package webhook

import (
	"context"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/telepod/telepod/webhook/certs"
)

// state is the source of the gauges, read at each scrape.
type state struct {
	version     string
	namespaces  *Namespaces
	configMaps  *ConfigMaps // or nil
	profiles    func() ProfileStatus
	certificate func() certs.Status
}

// register creates the gauges.
func (s state) register(meter metric.Meter) error {
	g := &gauges{meter: meter}
	g.gauge("telepod_build_info", "Always 1; the labels show the version.", func() float64 { return 1 },
		attribute.String("version", s.version), attribute.String("goversion", runtime.Version()))
	g.gauge("telepod_namespaces", "Namespaces with labels or annotations that affect injection.",
		func() float64 { return float64(s.namespaces.Len()) })
	if s.configMaps != nil {
		g.gauge("telepod_config_maps", "ConfigMaps with known keys, for variables from envFrom.",
			func() float64 { return float64(s.configMaps.Len()) })
	}
	g.gauge("telepod_profiles_last_reload_successful", "1 if the current profile files load without mistakes; if 0, the previous profiles are in use or, since the start, only the files without mistakes.",
		func() float64 { return truth(s.profiles().Err == nil) })
	g.gauge("telepod_profiles_last_reload_timestamp_seconds", "When the profiles in use were loaded.",
		func() float64 { return float64(s.profiles().LoadedAt.UnixMilli()) / 1000 })
	g.gauge("telepod_profiles_generation", "Number of profile sets used since the start.",
		func() float64 { return float64(s.profiles().Generation) })
	if g.err != nil || s.certificate == nil {
		return g.err
	}
	return registerCertificate(meter, s.certificate)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// gauges keeps the first error of several gauges.
type gauges struct {
	meter metric.Meter
	err   error
}

func (g *gauges) gauge(name, help string, read func() float64, values ...attribute.KeyValue) {
	if g.err != nil {
		return
	}
	label := labels(values...)
	_, g.err = g.meter.Float64ObservableGauge(name, metric.WithDescription(help),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(read(), label)
			return nil
		}))
}

// registerCertificate exports certs.Metrics.
func registerCertificate(meter metric.Meter, status func() certs.Status) error {
	// A status with all times has all possible series.
	known := time.Unix(0, 0)
	full := certs.Status{NotBefore: known, NotAfter: known, RenewAt: known, CAs: []certs.CA{{NotAfter: known}}}
	byName := map[string]metric.Float64Observable{}
	var all []metric.Observable
	for _, m := range certs.Metrics(full) {
		if byName[m.Name] != nil {
			continue
		}
		var made metric.Float64Observable
		var err error
		if m.Counter {
			made, err = meter.Float64ObservableCounter(m.Name, metric.WithDescription(m.Help))
		} else {
			made, err = meter.Float64ObservableGauge(m.Name, metric.WithDescription(m.Help))
		}
		if err != nil {
			return err
		}
		byName[m.Name], all = made, append(all, made)
	}
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, m := range certs.Metrics(status()) {
			if m.Reason == "" {
				o.ObserveFloat64(byName[m.Name], m.Value)
			} else {
				o.ObserveFloat64(byName[m.Name], m.Value, labels(attribute.String(labelReason, string(m.Reason))))
			}
		}
		return nil
	}, all...)
	return err
}
