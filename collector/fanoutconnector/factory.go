package fanoutconnector

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/metric"
)

// NewFactory returns the factory of the connector fan_out.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		component.MustNewType("fan_out"),
		func() component.Config { return &Config{} },
		connector.WithTracesToTraces(createTraces, component.StabilityLevelBeta),
		connector.WithMetricsToMetrics(createMetrics, component.StabilityLevelBeta),
		connector.WithLogsToLogs(createLogs, component.StabilityLevelBeta),
	)
}

// router is what the Collector passes to a connector that chooses among its pipelines.
type router[C any] interface {
	Consumer(...pipeline.ID) (C, error)
}

func createTraces(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Traces, error) {
	b, err := branchesOf(set, cfg.(*Config), next, signalOf[ptrace.Traces, consumer.Traces]{
		send: consumer.Traces.ConsumeTraces, items: ptrace.Traces.SpanCount,
		clone: func(from ptrace.Traces) ptrace.Traces {
			to := ptrace.NewTraces()
			from.CopyTo(to)
			return to
		},
	})
	if err != nil {
		return nil, err
	}
	return &tracesConnector{branches: b}, nil
}

func createMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	b, err := branchesOf(set, cfg.(*Config), next, signalOf[pmetric.Metrics, consumer.Metrics]{
		send: consumer.Metrics.ConsumeMetrics, items: pmetric.Metrics.DataPointCount,
		clone: func(from pmetric.Metrics) pmetric.Metrics {
			to := pmetric.NewMetrics()
			from.CopyTo(to)
			return to
		},
	})
	if err != nil {
		return nil, err
	}
	return &metricsConnector{branches: b}, nil
}

func createLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	b, err := branchesOf(set, cfg.(*Config), next, signalOf[plog.Logs, consumer.Logs]{
		send: consumer.Logs.ConsumeLogs, items: plog.Logs.LogRecordCount,
		clone: func(from plog.Logs) plog.Logs {
			to := plog.NewLogs()
			from.CopyTo(to)
			return to
		},
	})
	if err != nil {
		return nil, err
	}
	return &logsConnector{branches: b}, nil
}

// branchesOf resolves the pipelines of the configuration among those that the connector feeds.
func branchesOf[D any, C capable](set connector.Settings, cfg *Config, next any, signal signalOf[D, C]) (*branches[D, C], error) {
	pipelines, ok := next.(router[C])
	if !ok {
		return nil, fmt.Errorf("the Collector passed a %T, which cannot choose a pipeline", next)
	}
	b := &branches[D, C]{signal: signal, logger: set.Logger}
	for _, ids := range []struct {
		pipelines []pipeline.ID
		to        *[]branch[C]
	}{{cfg.Required, &b.required}, {cfg.Optional, &b.optional}} {
		for _, id := range ids.pipelines {
			to, err := pipelines.Consumer(id)
			if err != nil {
				return nil, fmt.Errorf("branch %q: no pipeline of that name lists this connector under receivers: %w", id, err)
			}
			*ids.to = append(*ids.to, branch[C]{name: id.String(), to: to})
		}
	}
	var err error
	b.dropped, err = set.MeterProvider.Meter(scope).Int64Counter("otelcol_fan_out_dropped_items",
		metric.WithUnit("{item}"), metric.WithDescription("Spans, data points or log records that an optional branch refused."))
	return b, err
}
