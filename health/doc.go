// Package health asks an OpenTelemetry Collector whether it works, and says precisely what is wrong
// where it does not: the address, the TLS handshake, the protocol, or the status that it reports.
//
// Over gRPC it asks the standard health service (grpc.health.v1). A Collector's OTLP port has none;
// there an empty export is sent, which a receiver acknowledges without passing anything on, and
// which proves address, certificates of both sides, protocol and receiver. Over HTTP it does the same on
// port 4318 (OTLP), and elsewhere asks the health endpoint, which the extension health_check serves on
// port 13133. A web page is neither.
//
// It knows nothing of Kubernetes: the command line and tests of the chart call it with addresses.
package health
