package collector

import (
	"context"

	"github.com/telepod/telepod/test/build"
)

// Sidecar builds the Collector with the components of sidecar/manifest.yaml, if need be, and
// returns its path.
func Sidecar(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "otelcol-sidecar",
		Module: "test/collector/sidecar",
		Takes:  "about 4 minutes",
	})
}

// Full builds the Collector with the components of full/manifest.yaml, those of regions and
// central sites, if need be, and returns its path.
func Full(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "otelcol-full",
		Module: "test/collector/full",
		Takes:  "about 10 minutes",
	})
}

// App builds the application with a stock SDK (test/otelapp), if need be, and returns its path.
func App(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "otelapp",
		Module: "test/otelapp",
		Takes:  "about 1 minute",
	})
}

// Backends builds what counts for the stores of a central site (test/backends), if need be, and
// returns its path.
func Backends(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "backends",
		Module: "test/backends",
		Takes:  "about 1 minute",
	})
}

// Shop builds the services of examples/shop, if need be, and returns the program's path.
func Shop(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "shop",
		Module: "examples/shop",
		Takes:  "about 1 minute",
	})
}
