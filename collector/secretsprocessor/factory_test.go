package secretsprocessor

import (
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"
)

func TestDefaultConfig(t *testing.T) {
	if err := componenttest.CheckConfigStruct(createDefaultConfig()); err != nil {
		t.Error(err)
	}
	if err := createDefaultConfig().(*Config).Validate(); err != nil {
		t.Error(err)
	}
}

func TestProcessorsMutateData(t *testing.T) {
	set := processortest.NewNopSettings(NewFactory().Type())
	proc, err := NewFactory().CreateLogs(t.Context(), set, createDefaultConfig(), consumertest.NewNop())
	check(t, err)
	if !proc.Capabilities().MutatesData {
		t.Error("the processor changes data and does not say so: another pipeline would see the changes")
	}
}
