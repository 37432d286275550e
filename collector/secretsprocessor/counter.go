package secretsprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// secrets is a processor: its rules, and a counter of what they found.
type secrets struct {
	*rules
	found   metric.Int64Counter
	deleted [places]metric.AddOption
	masked  [places]metric.AddOption
}

func newSecrets(set processor.Settings, cfg *Config) (*secrets, error) {
	found, err := set.MeterProvider.Meter("github.com/telepod/telepod/collector/secretsprocessor").Int64Counter(
		"otelcol_processor_secrets_found",
		metric.WithDescription("Secrets that were deleted or masked, by the place they were in."),
		metric.WithUnit("{secrets}"),
	)
	if err != nil {
		return nil, fmt.Errorf("create the counter of secrets: %w", err)
	}
	s := &secrets{rules: newRules(cfg), found: found}
	for at := range places {
		labels := func(action string) metric.AddOption {
			return metric.WithAttributeSet(attribute.NewSet(
				attribute.String("processor", set.ID.String()),
				attribute.String("level", string(cfg.Level)),
				attribute.String("place", at.String()),
				attribute.String("action", action),
			))
		}
		s.deleted[at], s.masked[at] = labels("deleted"), labels("masked")
	}
	return s, nil
}

func (s *secrets) count(ctx context.Context, found *counts) {
	for at := range places {
		if n := found[at].deleted; n > 0 {
			s.found.Add(ctx, n, s.deleted[at])
		}
		if n := found[at].masked; n > 0 {
			s.found.Add(ctx, n, s.masked[at])
		}
	}
}
