package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporters has an exporter for each exported signal, and nil for the others.
type exporters struct {
	traces  sdktrace.SpanExporter
	metrics sdkmetric.Exporter
	logs    sdklog.Exporter
}

// newExporters creates the exporters that the environment selects. They read their own settings (endpoint,
// headers, certificates, compression, timeouts) from it.
func newExporters(ctx context.Context) (out exporters, err error) {
	var tracesErr, metricsErr, logsErr error
	out.traces, tracesErr = choose("TRACES",
		func() (sdktrace.SpanExporter, error) { return otlptracegrpc.New(ctx) },
		func() (sdktrace.SpanExporter, error) { return otlptracehttp.New(ctx) })
	out.metrics, metricsErr = choose("METRICS",
		func() (sdkmetric.Exporter, error) { return otlpmetricgrpc.New(ctx) },
		func() (sdkmetric.Exporter, error) { return otlpmetrichttp.New(ctx) })
	out.logs, logsErr = choose("LOGS",
		func() (sdklog.Exporter, error) { return otlploggrpc.New(ctx) },
		func() (sdklog.Exporter, error) { return otlploghttp.New(ctx) })
	return out, errors.Join(tracesErr, metricsErr, logsErr)
}

// choose creates the exporter of a signal, or none if the signal is not exported.
//
// OTEL_<signal>_EXPORTER may be otlp or none. If it is unset, the signal is exported only if an endpoint is
// set: the default of localhost would fail every few seconds on a developer's machine.
func choose[E any](signal string, grpc, http func() (E, error)) (none E, err error) {
	switch exporter := os.Getenv("OTEL_" + signal + "_EXPORTER"); {
	case exporter == "none", exporter == "" && signalEnv(signal, "ENDPOINT") == "":
		return none, nil
	case exporter != "" && exporter != "otlp":
		return none, fmt.Errorf("read OTEL_%s_EXPORTER: no exporter %q: set otlp or none; %s stay in the process",
			signal, exporter, strings.ToLower(signal))
	}
	create := http
	switch protocol := signalEnv(signal, "PROTOCOL"); protocol {
	case "grpc":
		create = grpc
	case "http/protobuf", "": // the specification's default
	default:
		return none, fmt.Errorf("read the protocol of OTLP for %s: %q is not supported: set OTEL_EXPORTER_OTLP_PROTOCOL to grpc or http/protobuf",
			strings.ToLower(signal), protocol)
	}
	exporter, err := create()
	if err != nil {
		return none, fmt.Errorf("create the OTLP exporter for %s: %w", strings.ToLower(signal), err)
	}
	return exporter, nil
}

// signalEnv reads a variable of the OTLP exporters: the one for this signal, otherwise the one for all.
func signalEnv(signal, name string) string {
	if value := os.Getenv("OTEL_EXPORTER_OTLP_" + signal + "_" + name); value != "" {
		return value
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_" + name)
}

// signals returns the names of the exported signals.
func (e exporters) signals() []string {
	names := []string{}
	if e.traces != nil {
		names = append(names, "traces")
	}
	if e.metrics != nil {
		names = append(names, "metrics")
	}
	if e.logs != nil {
		names = append(names, "logs")
	}
	return names
}
