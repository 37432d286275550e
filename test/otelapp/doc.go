// Program otelapp is an application with a stock OpenTelemetry SDK. It contains nothing specific to
// Telepod: every setting is a standard OTEL_* variable. If its telemetry arrives, the variables that Telepod
// injects work.
//
// It prints its resource as one line of JSON, sends the requested number of spans, data points and log
// records, and exits 0 once all are acknowledged. If the SDK reports an error, in a variable or an export, it
// exits 1. With -every it repeats this.
package main
