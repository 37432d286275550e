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

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
)

func main() {
	var send counts
	flag.IntVar(&send.spans, "spans", 1, "how many spans to send")
	flag.IntVar(&send.points, "points", 0, "how many data points to send, each from its own counter")
	flag.IntVar(&send.records, "records", 0, "how many log records to send")
	flag.StringVar(&send.spanExporter, "span-exporter", "", "grpc or http: create this exporter, like applications with a hard-coded protocol; empty: use the exporter that OTEL_* selects")
	timeout := flag.Duration("timeout", 20*time.Second, "limit for the whole run")
	every := flag.Duration("every", 0, "send again this often, until the limit; 0 sends once")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	for {
		if err := run(ctx, send); err != nil {
			fmt.Fprintln(os.Stderr, "otelapp:", err)
			os.Exit(1)
		}
		if *every == 0 {
			return
		}
		time.Sleep(*every)
	}
}

// counts is the number of items to send of each signal.
type counts struct {
	spans, points, records int
	spanExporter           string
}

// flushEvery is the maximum number of unsent spans or records: well below the SDK's queue, which drops
// items when it is full.
const flushEvery = 500

// run sends in the background, as an application does, and fails if the SDK has reported anything.
func run(ctx context.Context, send counts) error {
	var faults faults
	otel.SetErrorHandler(&faults)

	// The default resource includes OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
	res := resource.Default()
	if err := printResource(res); err != nil {
		return err
	}
	sender := sender{resource: res, faults: &faults, spanExporter: send.spanExporter}
	err := errors.Join(sender.spans(ctx, send.spans), sender.points(ctx, send.points), sender.records(ctx, send.records))
	return errors.Join(err, faults.err())
}

func printResource(res *resource.Resource) error {
	attributes := map[string]string{}
	for _, kv := range res.Attributes() {
		attributes[string(kv.Key)] = kv.Value.Emit()
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"resource": attributes})
}

// faults collects the SDK's errors, which otherwise are only logged.
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
