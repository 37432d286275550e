package failoverexporter

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// NewFactory returns the factory of the exporter otlp_failover. The exporters that it creates for the three signals of one
// configuration share their connections.
func NewFactory() exporter.Factory {
	f := &factory{groups: map[*Config]*shared{}}
	return exporter.NewFactory(component.MustNewType("otlp_failover"), createDefaultConfig,
		exporter.WithTraces(f.traces, component.StabilityLevelBeta),
		exporter.WithMetrics(f.metrics, component.StabilityLevelBeta),
		exporter.WithLogs(f.logs, component.StabilityLevelBeta))
}

type factory struct {
	mu     sync.Mutex
	groups map[*Config]*shared
}

// shared is a group and how many exporters use it.
type shared struct {
	group *group
	users int
}

func (f *factory) traces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	s, err := f.sender(traces, set, cfg)
	if err != nil {
		return nil, err
	}
	inner, err := xexporterhelper.NewTracesRequest(ctx, set, func(_ context.Context, td ptrace.Traces) (xexporterhelper.Request, error) {
		data, err := encodeTraces(td)
		return newBatch(traces, data, td.SpanCount()), err
	}, s.send, f.options(s, cfg.(*Config))...)
	if err != nil {
		return nil, err
	}
	consume := func(ctx context.Context, td ptrace.Traces) error {
		if endpoint, ok := s.canaryFor(td); ok {
			return s.sendCanary(ctx, endpoint, td)
		}
		return inner.ConsumeTraces(ctx, td)
	}
	return struct {
		consumer.ConsumeTracesFunc
		stopFirst
	}{consume, stopFirst{inner, s}}, nil
}

func (f *factory) metrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	s, err := f.sender(metrics, set, cfg)
	if err != nil {
		return nil, err
	}
	inner, err := xexporterhelper.NewMetricsRequest(ctx, set, func(_ context.Context, md pmetric.Metrics) (xexporterhelper.Request, error) {
		data, err := encodeMetrics(md)
		return newBatch(metrics, data, md.DataPointCount()), err
	}, s.send, f.options(s, cfg.(*Config))...)
	if err != nil {
		return nil, err
	}
	return struct {
		consumer.ConsumeMetricsFunc
		stopFirst
	}{inner.ConsumeMetrics, stopFirst{inner, s}}, nil
}

func (f *factory) logs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	s, err := f.sender(logs, set, cfg)
	if err != nil {
		return nil, err
	}
	inner, err := xexporterhelper.NewLogsRequest(ctx, set, func(_ context.Context, ld plog.Logs) (xexporterhelper.Request, error) {
		data, err := encodeLogs(ld)
		return newBatch(logs, data, ld.LogRecordCount()), err
	}, s.send, f.options(s, cfg.(*Config))...)
	if err != nil {
		return nil, err
	}
	return struct {
		consumer.ConsumeLogsFunc
		stopFirst
	}{inner.ConsumeLogs, stopFirst{inner, s}}, nil
}

// stopFirst stops the sender before exporterhelper waits for its batches.
type stopFirst struct {
	component.Component
	sender *sender
}

// Capabilities reports that data is not changed: it is encoded before a call returns. exporterhelper would report
// that its batcher changes data, and the Collector would copy it.
func (s stopFirst) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Shutdown stops the sender, and then waits for its batches.
func (s stopFirst) Shutdown(ctx context.Context) error {
	s.sender.stop()
	return s.Component.Shutdown(ctx)
}

func (f *factory) sender(sig signal, set exporter.Settings, cfg component.Config) (*sender, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, errors.New("the configuration is not one of otlp_failover")
	}
	telemetry, err := newInstruments(sig, c, set)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.groups[c] == nil {
		f.groups[c] = &shared{group: newGroup(c, set)}
	}
	f.groups[c].users++
	return newSender(sig, f.groups[c].group, telemetry), nil
}

// release removes a group with its last exporter, so that a reloaded Collector starts with a new one.
func (f *factory) release(c *Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.groups[c]; g != nil {
		if g.users--; g.users == 0 {
			delete(f.groups, c)
		}
	}
}

func (f *factory) options(s *sender, c *Config) []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(s.start),
		exporterhelper.WithShutdown(func(ctx context.Context) error {
			defer f.release(c)
			return s.shutdown(ctx)
		}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}), // each try has its own
		exporterhelper.WithRetry(c.RetryConfig),
		xexporterhelper.WithQueueBatch(c.QueueConfig, xexporterhelper.QueueBatchSettings{
			Encoding: encoding{signal: s.signal, unreadable: s.telemetry.unreadable},
		}),
	}
}
