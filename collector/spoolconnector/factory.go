package spoolconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// NewFactory returns the factory of the connector spool.
func NewFactory() connector.Factory {
	return connector.NewFactory(component.MustNewType("spool"), defaultConfig,
		connector.WithTracesToTraces(createTraces, component.StabilityLevelBeta),
		connector.WithMetricsToMetrics(createMetrics, component.StabilityLevelBeta),
		connector.WithLogsToLogs(createLogs, component.StabilityLevelBeta))
}

func createTraces(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Traces, error) {
	s, err := newSpool(set, cfg.(*Config), kind[ptrace.Traces]{
		name: "traces", send: next.ConsumeTraces, items: ptrace.Traces.SpanCount,
		marshal: new(ptrace.ProtoMarshaler).MarshalTraces, unmarshal: new(ptrace.ProtoUnmarshaler).UnmarshalTraces,
		resources: func(data ptrace.Traces, change func(pcommon.Resource)) {
			for _, of := range data.ResourceSpans().All() {
				change(of.Resource())
			}
		},
	})
	if err != nil {
		return nil, err
	}
	queue, err := xexporterhelper.NewTracesRequest(ctx, exporterSettings(set), s.encode, s.push, s.options()...)
	if err != nil {
		return nil, err
	}
	s.queue, s.offer = queue, queue.ConsumeTraces
	return &tracesSpool{s}, nil
}

func createMetrics(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	s, err := newSpool(set, cfg.(*Config), kind[pmetric.Metrics]{
		name: "metrics", send: next.ConsumeMetrics, items: pmetric.Metrics.DataPointCount,
		marshal: new(pmetric.ProtoMarshaler).MarshalMetrics, unmarshal: new(pmetric.ProtoUnmarshaler).UnmarshalMetrics,
		resources: func(data pmetric.Metrics, change func(pcommon.Resource)) {
			for _, of := range data.ResourceMetrics().All() {
				change(of.Resource())
			}
		},
	})
	if err != nil {
		return nil, err
	}
	queue, err := xexporterhelper.NewMetricsRequest(ctx, exporterSettings(set), s.encode, s.push, s.options()...)
	if err != nil {
		return nil, err
	}
	s.queue, s.offer = queue, queue.ConsumeMetrics
	return &metricsSpool{s}, nil
}

func createLogs(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	s, err := newSpool(set, cfg.(*Config), kind[plog.Logs]{
		name: "logs", send: next.ConsumeLogs, items: plog.Logs.LogRecordCount,
		marshal: new(plog.ProtoMarshaler).MarshalLogs, unmarshal: new(plog.ProtoUnmarshaler).UnmarshalLogs,
		resources: func(data plog.Logs, change func(pcommon.Resource)) {
			for _, of := range data.ResourceLogs().All() {
				change(of.Resource())
			}
		},
	})
	if err != nil {
		return nil, err
	}
	queue, err := xexporterhelper.NewLogsRequest(ctx, exporterSettings(set), s.encode, s.push, s.options()...)
	if err != nil {
		return nil, err
	}
	s.queue, s.offer = queue, queue.ConsumeLogs
	return &logsSpool{s}, nil
}

type tracesSpool struct{ *spool[ptrace.Traces] }

func (s *tracesSpool) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return s.consume(ctx, td)
}

type metricsSpool struct{ *spool[pmetric.Metrics] }

func (s *metricsSpool) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return s.consume(ctx, md)
}

type logsSpool struct{ *spool[plog.Logs] }

func (s *logsSpool) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return s.consume(ctx, ld)
}

// exporterSettings returns the settings of an exporter with the connector's name, which labels the queue's metrics.
func exporterSettings(set connector.Settings) exporter.Settings {
	return exporter.Settings{ID: set.ID, TelemetrySettings: set.TelemetrySettings, BuildInfo: set.BuildInfo}
}

// options returns the options of the queue. Its retry only makes it keep batches that gave up at shutdown; push retries
// itself.
func (s *spool[D]) options() []exporterhelper.Option {
	queue := s.config.Queue
	if queue.HasValue() && s.config.WhenFull == DropOldest {
		queue.Get().BlockOnOverflow = false // consume must see that it is full
	}
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0
	return []exporterhelper.Option{
		xexporterhelper.WithQueueBatch(queue, xexporterhelper.QueueBatchSettings{Encoding: stored[D]{s.kind}}), exporterhelper.WithRetry(retry),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}),
	}
}
