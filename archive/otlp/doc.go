// Package otlp sends an archive's requests to a receiver of OTLP, over gRPC or HTTP, and tries again
// as the protocol has it (https://opentelemetry.io/docs/specs/otlp/#failures). What it sends are bytes:
// it neither decodes nor encodes telemetry.
package otlp
