// Package telemetry sets up OpenTelemetry in a Go service from the environment variables that Telepod injects.
//
//	shutdown, err := telemetry.Setup(ctx, telemetry.Options{ServiceName: "order"})
//	if err != nil {
//		slog.Warn("telemetry is incomplete", "error", err) // and continue: the service works without it
//	}
//	defer shutdown(ctx)
//
// After that, the global OpenTelemetry providers export traces, metrics and logs over OTLP, and requests
// propagate W3C Trace Context and Baggage:
//
//   - [Handler] and [Client] instrument HTTP, [ServerOption] and [DialOption] gRPC.
//   - [LogHandler] also exports slog records, with trace and span IDs.
//   - [Options].BaggageKeys copies selected baggage entries to spans and log records.
//
// The OTEL_* variables are those of the OpenTelemetry specification and override the options in code. By
// default, sampling is parent-based and always on: the pipeline, which sees whole traces, decides what to keep.
//
// Nothing here waits for a Collector or fails without one. If no endpoint is injected, as on a developer's
// machine, spans are created and propagated but not exported, and one log line lists the missing variables.
//
// The instrumentation comes from OpenTelemetry's contrib modules. This is a separate module, so that services
// do not inherit the dependencies of Telepod's webhook.
package telemetry
