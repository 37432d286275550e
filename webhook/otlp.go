package webhook

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"
)

// otlpProtocol reads the OpenTelemetry environment variables of one signal, METRICS or TRACES, and returns the
// export protocol, or "" for no export. Unlike SDKs, it does not default to localhost: an endpoint or the
// exporter otlp must be set (OpenTelemetry specification, "Environment Variables" and "OTLP Exporter").
func otlpProtocol(signal string) (string, error) {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return "", nil
	}
	switch name := "OTEL_" + signal + "_EXPORTER"; os.Getenv(name) {
	case "none":
		return "", nil
	case "otlp":
	case "":
		if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") == "" {
			return "", nil
		}
	default:
		return "", fmt.Errorf("%s=%q: set otlp or none", name, os.Getenv(name))
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch protocol := os.Getenv(name); protocol {
		case "":
		case protocolGRPC, protocolHTTP:
			return protocol, nil
		default:
			return "", fmt.Errorf("%s=%q: set %s or %s", name, protocol, protocolGRPC, protocolHTTP)
		}
	}
	return protocolHTTP, nil
}

// otlpMetrics returns nil if metrics are not exported.
func otlpMetrics(ctx context.Context) (exporter sdkmetric.Exporter, err error) {
	protocol, err := otlpProtocol("METRICS")
	switch protocol {
	case protocolGRPC:
		exporter, err = otlpmetricgrpc.New(ctx)
	case protocolHTTP:
		exporter, err = otlpmetrichttp.New(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("export metrics by OTLP: %w", err)
	}
	return exporter, nil
}

// otlpTraces returns nil if traces are not exported.
func otlpTraces(ctx context.Context) (exporter sdktrace.SpanExporter, err error) {
	protocol, err := otlpProtocol("TRACES")
	switch protocol {
	case protocolGRPC:
		exporter, err = otlptracegrpc.New(ctx)
	case protocolHTTP:
		exporter, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("export traces by OTLP: %w", err)
	}
	return exporter, nil
}

// describeSelf returns the resource of Telepod's own telemetry. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
// override it.
func describeSelf(ctx context.Context, version string) (*resource.Resource, error) {
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "telepod-webhook"), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return about, nil
}
