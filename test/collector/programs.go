package collector

import (
	"context"

	"github.com/telepod/telepod/image"
	"github.com/telepod/telepod/test/build"
)

// Program builds Telepod's Collector (collector/distribution) if necessary and returns its path. Regional
// Collectors, central Collectors and sidecars run the same program.
func Program(ctx context.Context) (string, error) {
	p := image.Collector().Programs[0]
	return build.Binary(ctx, build.Spec{Name: p.Name, Module: p.Module, Package: p.Package, Tags: p.Tags, Takes: p.Takes})
}

// Supervisor builds process 1 of sidecars (collector/supervisor) if necessary and returns its path.
func Supervisor(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:    "collector-supervisor",
		Module:  "collector",
		Package: "./supervisor/cmd/collector-supervisor",
		Takes:   "a few seconds",
	})
}

// App builds the application with a stock SDK (test/otelapp) if necessary and returns its path.
func App(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "otelapp",
		Module: "test/otelapp",
		Takes:  "about 1 minute",
	})
}

// Backends builds the in-memory stores that count what a central site writes (test/backends) if necessary
// and returns the path.
func Backends(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "backends",
		Module: "test/backends",
		Takes:  "about 1 minute",
	})
}

// Shop builds the services of examples/shop if necessary and returns the program's path.
func Shop(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name:   "shop",
		Module: "examples/shop",
		Takes:  "about 1 minute",
	})
}

// VictoriaLogs builds the log store if necessary and returns its path.
func VictoriaLogs(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{
		Name: "victoria-logs", Module: "test/backends/victorialogs",
		Package: "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs", Takes: "about 1 minute",
	})
}

// Operator is the module of the target allocator, with the Prometheus operator's custom resources among its dependencies.
const Operator = "test/backends/targetallocator"

// TargetAllocator builds the OpenTelemetry Operator's target allocator if necessary and returns its path.
func TargetAllocator(ctx context.Context) (string, error) {
	install := func(old, new string) build.Patch {
		return build.Patch{Module: "github.com/prometheus/prometheus", File: "discovery/install/install.go", Old: old, New: new}
	}
	return build.Binary(ctx, build.Spec{
		Name: "target-allocator", Module: Operator, Package: "github.com/open-telemetry/opentelemetry-operator/cmd/otel-allocator", Takes: "about 3 minutes",
		// Leave out the service discovery of every cloud: it would be most of the build.
		Patches: []build.Patch{
			install("import (\n", "import _ \"github.com/prometheus/prometheus/discovery/kubernetes\"\n\n/*\n"), install("\n)\n", "\n*/\n"),
		},
	})
}
