package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	spans := flag.Int("spans", 1, "how many spans to send")
	timeout := flag.Duration("timeout", 20*time.Second, "how long all of it may take")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	if err := run(ctx, *spans); err != nil {
		fmt.Fprintln(os.Stderr, "otelapp:", err)
		os.Exit(1)
	}
}

// flushEvery is how many spans wait at most: well below the SDK's queue, which drops what it
// cannot hold.
const flushEvery = 500

// run sends the spans in the background, as an application does, and fails if the SDK
// reported anything by the end.
func run(ctx context.Context, spans int) error {
	var faults faults
	otel.SetErrorHandler(&faults)

	// The SDK merges OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME into its default.
	res := resource.Default()
	if err := printResource(res); err != nil {
		return err
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return fmt.Errorf("create the exporter that OTEL_* asks for: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(exporter))
	tracer := provider.Tracer("otelapp")
	for i := range spans {
		_, span := tracer.Start(ctx, fmt.Sprintf("span-%d", i))
		span.End()
		if (i+1)%flushEvery == 0 {
			faults.Handle(provider.ForceFlush(ctx))
		}
	}
	faults.Handle(provider.Shutdown(ctx))
	return faults.err()
}

func printResource(res *resource.Resource) error {
	attributes := map[string]string{}
	for _, kv := range res.Attributes() {
		attributes[string(kv.Key)] = kv.Value.Emit()
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"resource": attributes})
}

// faults collects what the SDK reports and otherwise would only log.
type faults struct {
	mu   sync.Mutex
	errs []error
}

func (f *faults) Handle(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

func (f *faults) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.errs...)
}
