// Package health checks whether an OpenTelemetry Collector works. If it does not, the error states the cause:
// the address, the TLS handshake, the protocol, or the reported status.
//
// Over gRPC it queries the standard health service (grpc.health.v1). The OTLP port of a Collector has none, so
// there it sends an empty export. The receiver acknowledges it without passing anything on, which verifies the
// address, both certificates, the protocol and the receiver. Over HTTP it does the same on port 4318 (OTLP); on
// other ports it queries the health endpoint, which the extension health_check serves on port 13133. A web page
// counts as a failure.
//
// The package is independent of Kubernetes: the command line and the chart's tests call it with addresses.
package health
