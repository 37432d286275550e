package segmentstorage

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const (
	scopeName = "github.com/telepod/telepod/collector/segmentstorage"
	// maxClients is the number of clients that get their own value of the attribute "client".
	maxClients  = 100
	otherClient = "other"
)

// meters are the extension's own metrics.
type meters struct {
	meter    metric.Meter
	storage  string
	disk     metric.Int64ObservableUpDownCounter
	live     metric.Int64ObservableUpDownCounter
	segments metric.Int64ObservableUpDownCounter
	corrupt  metric.Int64Counter
	refused  metric.Int64Counter
	reading  metric.Registration

	mu    sync.Mutex
	known map[string]bool
}

func newMeters(set extension.Settings) (*meters, error) {
	m := &meters{meter: set.MeterProvider.Meter(scopeName), storage: set.ID.String(), known: map[string]bool{}}
	var errs [5]error
	m.disk, errs[0] = m.meter.Int64ObservableUpDownCounter("otelcol_storage_disk_bytes", metric.WithUnit("By"),
		metric.WithDescription("Bytes of the client's segments on the disk, including those in reserve."))
	m.live, errs[1] = m.meter.Int64ObservableUpDownCounter("otelcol_storage_live_bytes", metric.WithUnit("By"),
		metric.WithDescription("Bytes of the client's current keys and values."))
	m.segments, errs[2] = m.meter.Int64ObservableUpDownCounter("otelcol_storage_segments", metric.WithUnit("{segments}"),
		metric.WithDescription("Number of the client's segments, including those in reserve."))
	m.corrupt, errs[3] = m.meter.Int64Counter("otelcol_storage_corrupt_records", metric.WithUnit("{records}"),
		metric.WithDescription("Number of corrupt records, which were set aside."))
	m.refused, errs[4] = m.meter.Int64Counter("otelcol_storage_refused_writes", metric.WithUnit("{writes}"),
		metric.WithDescription("Number of writes that were refused for lack of room, by reason: full, floor or max_size."))
	return m, errors.Join(errs[:]...)
}

// start registers read, which is called whenever metrics are collected.
func (m *meters) start(read func() map[string]usage) (err error) {
	m.reading, err = m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		sums := map[string]usage{}
		for client, u := range read() {
			name := m.name(client)
			sums[name] = sums[name].plus(u)
		}
		for name, u := range sums {
			of := m.attributes(name)
			o.ObserveInt64(m.disk, u.disk, of)
			o.ObserveInt64(m.live, u.live, of)
			o.ObserveInt64(m.segments, u.segments, of)
		}
		return nil
	}, m.disk, m.live, m.segments)
	return err
}

func (m *meters) stop() error {
	if m.reading == nil {
		return nil
	}
	return m.reading.Unregister()
}

// name bounds the values of the attribute.
func (m *meters) name(client string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known[client] {
		if len(m.known) >= maxClients {
			return otherClient
		}
		m.known[client] = true
	}
	return client
}

func (m *meters) attributes(client string, more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more,
		attribute.String("storage", m.storage), attribute.String("client", client))...))
}

func (m *meters) addCorrupt(client string) {
	m.corrupt.Add(context.Background(), 1, m.attributes(m.name(client)))
}

func (m *meters) addRefused(client, reason string) {
	m.refused.Add(context.Background(), 1, m.attributes(m.name(client), attribute.String("reason", reason)))
}
