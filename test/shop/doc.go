// Package shop tests that the telemetry library, the injector and the Collector work together. It runs the
// services of examples/shop as processes, with the variables that telepod inject adds to the containers of
// their manifests, and reads what a real Collector received from them.
//
// It uses no cluster. The demo runs the same services in real clusters.
package shop
