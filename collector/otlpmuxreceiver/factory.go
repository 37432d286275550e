package otlpmuxreceiver

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

var componentType = component.MustNewType("otlp_mux")

// NewFactory returns the factory of the receiver, of type otlp_mux.
func NewFactory() receiver.Factory {
	s := &shared{receivers: make(map[*Config]*muxReceiver)}
	return receiver.NewFactory(
		componentType,
		createDefaultConfig,
		receiver.WithTraces(s.traces, component.StabilityLevelBeta),
		receiver.WithMetrics(s.metrics, component.StabilityLevelBeta),
		receiver.WithLogs(s.logs, component.StabilityLevelBeta),
	)
}

// shared provides one receiver per configuration to the pipelines of all signals, because they share ports.
type shared struct {
	mu        sync.Mutex
	receivers map[*Config]*muxReceiver
}

func (s *shared) receiver(cfg component.Config, set receiver.Settings) (*muxReceiver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	config := cfg.(*Config)
	if r, ok := s.receivers[config]; ok {
		return r, nil
	}
	r, err := newReceiver(config, set)
	if err != nil {
		return nil, err
	}
	r.forget = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.receivers, config)
	}
	s.receivers[config] = r
	return r, nil
}

func (s *shared) traces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	r, err := s.receiver(cfg, set)
	if err != nil {
		return nil, err
	}
	r.routes.add(tracesSignal(next))
	return r, nil
}

func (s *shared) metrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	r, err := s.receiver(cfg, set)
	if err != nil {
		return nil, err
	}
	r.routes.add(metricsSignal(next))
	return r, nil
}

func (s *shared) logs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	r, err := s.receiver(cfg, set)
	if err != nil {
		return nil, err
	}
	r.routes.add(logsSignal(next))
	return r, nil
}
