// Package collector runs Telepod's Collector for tests, and reads the data that it received.
//
//   - [Program], [App], [Shop] and [Backends] build and cache programs through package build.
//   - [Validate] and [Start] run a Collector with a given configuration and environment.
//   - [SinkConfig] turns a Collector into a sink, which writes everything it receives to a file or to
//     standard output. [ReadItems] parses this output, or a pod's log.
//
// The package does not use Kubernetes; package cluster turns the programs into images.
package collector
