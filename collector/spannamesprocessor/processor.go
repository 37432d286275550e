package spannamesprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

// Config of the processor span_names, which has no settings.
type Config struct{}

// NewFactory returns the factory of the processor span_names.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("span_names"), func() component.Config { return &Config{} },
		processor.WithTraces(create, component.StabilityLevelBeta),
	)
}

type renamer struct {
	component.StartFunc
	component.ShutdownFunc
	next consumer.Traces
}

func create(_ context.Context, _ processor.Settings, _ component.Config, next consumer.Traces) (processor.Traces, error) {
	return &renamer{next: next}, nil
}

// Capabilities reports that data is not changed, so that nothing in front has to copy it.
func (*renamer) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeTraces passes on the request, or a copy with other names.
func (r *renamer) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if changes(td) {
		renamed := ptrace.NewTraces()
		td.CopyTo(renamed)
		rename(renamed)
		td = renamed
	}
	return r.next.ConsumeTraces(ctx, td)
}

func changes(td ptrace.Traces) bool {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if name := span.Name(); series(name) != name {
					return true
				}
			}
		}
	}
	return false
}

func rename(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				span.SetName(series(span.Name()))
			}
		}
	}
}
