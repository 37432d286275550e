// Package collector runs real OpenTelemetry Collectors for tests, and reads what they received.
//
// The Collector is built from its published modules by the OpenTelemetry Collector Builder:
// sidecar/manifest.yaml and full/manifest.yaml list the components, one line each; the sources
// beside them are generated and committed, so that a build needs no generator and a test can tell
// when they are stale. Another set of components is another directory with a manifest.
//
//   - [Sidecar], [Full], [App], [Shop] and [Backends] build and cache programs through package build.
//   - [Validate] and [Start] run a Collector: a configuration, an environment, and nothing else.
//   - [SinkConfig] makes a Collector a sink: it writes everything it receives to a file or to
//     standard output, from where [ReadItems] reads it (a pod's log serves as well).
//
// The package knows nothing of Kubernetes; package cluster turns the programs into images.
package collector

//go:generate go -C builder tool builder --config=../sidecar/manifest.yaml --output-path=../sidecar --skip-compilation
//go:generate go -C builder tool builder --config=../full/manifest.yaml --output-path=../full --skip-compilation
//go:generate gofmt -w sidecar full
