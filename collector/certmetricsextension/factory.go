package certmetricsextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// NewFactory returns the factory of the extension cert_metrics.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType("cert_metrics"),
		func() component.Config { return &Config{} },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return newWatcher(set, cfg.(*Config)), nil
		},
		component.StabilityLevelBeta,
	)
}
