package fanoutconnector

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const scope = "github.com/telepod/telepod/collector/fanoutconnector"

// logInterval bounds the log: a branch that refuses everything is reported once in this time.
const logInterval = 10 * time.Second

// capable is what all consumers share.
type capable interface{ Capabilities() consumer.Capabilities }

// signalOf defines how to send, count and copy the data of a signal.
type signalOf[D any, C capable] struct {
	send  func(C, context.Context, D) error
	items func(D) int
	clone func(D) D
}

// branch is one pipeline.
type branch[C capable] struct {
	name string
	to   C
}

// branches is the connector for one signal.
type branches[D any, C capable] struct {
	component.StartFunc
	component.ShutdownFunc
	signal             signalOf[D, C]
	required, optional []branch[C]
	dropped            metric.Int64Counter
	logger             *zap.Logger
	logged             atomic.Int64 // Unix nanoseconds of the last line about a refusal
}

// Capabilities reports that data is not changed: a branch that changes it gets a copy.
func (*branches[D, C]) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// consume returns the first refusal of a required branch, as the branch reported it.
func (b *branches[D, C]) consume(ctx context.Context, data D) error {
	for _, r := range b.required {
		if err := b.send(ctx, r, data); err != nil {
			return fmt.Errorf("branch %q refused: %w", r.name, err)
		}
	}
	for _, o := range b.optional {
		if err := b.send(ctx, o, data); err != nil {
			b.drop(ctx, o.name, b.signal.items(data), err)
		}
	}
	return nil
}

func (b *branches[D, C]) send(ctx context.Context, to branch[C], data D) error {
	if to.to.Capabilities().MutatesData {
		data = b.signal.clone(data)
	}
	return b.signal.send(to.to, ctx, data)
}

func (b *branches[D, C]) drop(ctx context.Context, name string, items int, err error) {
	b.dropped.Add(ctx, int64(items), metric.WithAttributes(attribute.String("pipeline", name)))
	now, last := time.Now().UnixNano(), b.logged.Load()
	if now-last >= int64(logInterval) && b.logged.CompareAndSwap(last, now) {
		b.logger.Warn("A branch refused data, which is dropped for this branch; the others have it.",
			zap.String("pipeline", name), zap.Int("items", items), zap.Error(err))
	}
}

type tracesConnector struct {
	*branches[ptrace.Traces, consumer.Traces]
}

func (c *tracesConnector) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return c.consume(ctx, td)
}

type metricsConnector struct {
	*branches[pmetric.Metrics, consumer.Metrics]
}

func (c *metricsConnector) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return c.consume(ctx, md)
}

type logsConnector struct {
	*branches[plog.Logs, consumer.Logs]
}

func (c *logsConnector) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return c.consume(ctx, ld)
}
