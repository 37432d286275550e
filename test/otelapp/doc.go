// Program otelapp is an application with a stock OpenTelemetry SDK: nothing in it knows of
// Telepod, and every setting comes from the standard OTEL_* variables. What it manages to
// send shows that the variables that Telepod injects are understood.
//
// It prints its resource as one line of JSON, sends as many spans, data points and log records as
// asked, and exits 0 once all of them were acknowledged; 1 if the SDK found any fault, in a variable or in an export.
package main
