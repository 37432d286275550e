// Package otlp sends archived requests to an OTLP receiver over gRPC or HTTP, and retries as the protocol
// specifies (https://opentelemetry.io/docs/specs/otlp/#failures). It sends bytes as they are and neither
// decodes nor encodes telemetry.
package otlp
