// Package collector runs Telepod's Collector for tests, and reads what it received.
//
//   - [Program], [App], [Shop] and [Backends] build and cache programs through package build.
//   - [Validate] and [Start] run a Collector: a configuration, an environment, and nothing else.
//   - [SinkConfig] makes a Collector a sink: it writes everything it receives to a file or to
//     standard output, from where [ReadItems] reads it (a pod's log serves as well).
//
// The package knows nothing of Kubernetes; package cluster turns the programs into images.
package collector
