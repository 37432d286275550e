package segmentstorage

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// NewFactory returns the factory of the segment_storage extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("segment_storage"), defaultConfig, create, component.StabilityLevelBeta)
}

func create(_ context.Context, set extension.Settings, config component.Config) (extension.Extension, error) {
	return newExtension(set, config.(*Config))
}
