package senderidentityprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// NewFactory returns the factory of the processor sender_identity.
func NewFactory() processor.Factory {
	s := &shared{checkers: make(map[*Config]*checker)}
	return processor.NewFactory(
		component.MustNewType("sender_identity"), defaultConfig,
		processor.WithTraces(s.traces, component.StabilityLevelBeta),
		processor.WithMetrics(s.metrics, component.StabilityLevelBeta),
		processor.WithLogs(s.logs, component.StabilityLevelBeta),
	)
}

// shared gives the pipelines of all signals one watch for each configuration.
type shared struct {
	mu       sync.Mutex
	checkers map[*Config]*checker
}

func (s *shared) checker(set processor.Settings, cfg component.Config) (*checker, []processorhelper.Option, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	config := cfg.(*Config)
	c, ok := s.checkers[config]
	if !ok {
		var err error
		if c, err = newChecker(set, config); err != nil {
			return nil, nil, err
		}
		s.checkers[config] = c
	}
	shutdown := func(ctx context.Context) error {
		s.mu.Lock()
		delete(s.checkers, config)
		s.mu.Unlock()
		return c.Shutdown(ctx)
	}
	return c, []processorhelper.Option{
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
		processorhelper.WithStart(c.Start), processorhelper.WithShutdown(shutdown),
	}, nil
}

func (s *shared) traces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	c, options, err := s.checker(set, cfg)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewTraces(ctx, set, cfg, next, func(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
		for _, rs := range td.ResourceSpans().All() {
			c.check(ctx, rs.Resource().Attributes())
		}
		return td, nil
	}, options...)
}

func (s *shared) metrics(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	c, options, err := s.checker(set, cfg)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewMetrics(ctx, set, cfg, next, func(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
		for _, rm := range md.ResourceMetrics().All() {
			c.check(ctx, rm.Resource().Attributes())
		}
		return md, nil
	}, options...)
}

func (s *shared) logs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	c, options, err := s.checker(set, cfg)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewLogs(ctx, set, cfg, next, func(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
		for _, rl := range ld.ResourceLogs().All() {
			c.check(ctx, rl.Resource().Attributes())
		}
		return ld, nil
	}, options...)
}
