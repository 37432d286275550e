// Package telemetry sets up OpenTelemetry in a Go service, from the variables that Telepod injects
// and nothing else.
//
//	shutdown, err := telemetry.Setup(ctx, telemetry.Options{ServiceName: "order"})
//	if err != nil {
//		slog.Warn("telemetry is incomplete", "error", err) // and go on: the service works without
//	}
//	defer shutdown(ctx)
//
// After that, the global providers of OpenTelemetry export traces, metrics and logs by OTLP, and
// W3C Trace Context and Baggage travel with requests:
//
//   - [Handler] and [Client] instrument HTTP, [ServerOption] and [DialOption] gRPC.
//   - [LogHandler] sends what is logged with slog along, with the ids of the trace.
//   - [Options].BaggageKeys copies chosen entries of the baggage to spans and log records.
//
// OTEL_* variables are those of the OpenTelemetry specification and win over everything that the
// code says. Sampling is parent-based and always on unless they say otherwise: what is kept is the
// pipeline's decision, which sees whole traces.
//
// Nothing here waits for a Collector, and nothing fails because there is none: where no endpoint
// is injected, as on a developer's machine, spans are made and passed on but not exported, and one
// log line says which variables are missing.
//
// The instrumentation itself is that of OpenTelemetry's contrib modules. The module is one of its
// own, so that services do not inherit the dependencies of Telepod's webhook.
package telemetry
