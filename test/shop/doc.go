// Package shop holds the telemetry library to the injector and to the Collector: it runs the
// services of examples/shop as processes, with the variables that telepod inject gives to the
// containers of their manifests, and reads what a real Collector received from them.
//
// It has no cluster; package e2e runs the same services in real ones.
package shop
