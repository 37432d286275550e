package otlpmuxreceiver

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/pdata/testdata"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// running is a receiver of traces that a test started, on ports of its own.
type running struct {
	*muxReceiver
	sink   *consumertest.TracesSink
	reader *sdkmetric.ManualReader
	t      testing.TB
}

type option func(*Config)

// start runs a receiver that sends its traces to next, or to a sink if next is nil.
func start(t testing.TB, next consumer.Traces, options ...option) *running {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.Endpoints = []string{"127.0.0.1:0", "127.0.0.1:0"}
	for _, apply := range options {
		apply(config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	r := &running{sink: new(consumertest.TracesSink), reader: sdkmetric.NewManualReader(), t: t}
	if next == nil {
		next = r.sink
	}
	set := receivertest.NewNopSettings(componentType)
	if _, measured := t.(*testing.B); !measured { // the upstream receiver gets none there either
		set.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	}
	r.muxReceiver = create(t, NewFactory(), set, config, next)
	if err := r.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func create(t testing.TB, f receiver.Factory, set receiver.Settings, config component.Config, next consumer.Traces) *muxReceiver {
	t.Helper()
	created, err := f.CreateTraces(context.Background(), set, config, next)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.CreateMetrics(context.Background(), set, config, consumertest.NewNop()); err != nil {
		t.Fatal(err)
	}
	return created.(*muxReceiver)
}

func (r *running) address(i int) string { return r.addrs[i].String() }

func (r *running) post(contentType string, body []byte) *http.Response {
	r.t.Helper()
	response, err := http.Post("http://"+r.address(0)+"/v1/traces", contentType, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// metric returns the sum of a metric's points that have an attribute of this value, or of all
// points if the value is empty.
func (r *running) metric(name, value string) int64 {
	r.t.Helper()
	var collected metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &collected); err != nil {
		r.t.Fatal(err)
	}
	var total int64
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			data, ok := m.Data.(metricdata.Sum[int64])
			if m.Name != name || !ok {
				continue
			}
			for _, point := range data.DataPoints {
				matches := value == ""
				for _, attr := range point.Attributes.ToSlice() {
					matches = matches || attr.Value.AsString() == value
				}
				if matches {
					total += point.Value
				}
			}
		}
	}
	return total
}

// eventually waits for a condition that another goroutine is about to make true.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func traces(spans int) ptrace.Traces { return testdata.GenerateTraces(spans) }

func protobufBody(t testing.TB, td ptrace.Traces) []byte {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func jsonBody(t testing.TB, td ptrace.Traces) []byte {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func compress(t testing.TB, encoding string, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	default:
		return body
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// httpClient speaks exactly one version of HTTP, from a loopback address of its own if from is set.
func httpClient(t testing.TB, major int, secure *tls.Config, from string) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(major == 1)
	protocols.SetHTTP2(major == 2)
	protocols.SetUnencryptedHTTP2(major == 2)
	transport := &http.Transport{
		Protocols: protocols, TLSClientConfig: secure, DisableCompression: true,
		MaxIdleConnsPerHost: 100, DialContext: dialFrom(from),
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func dialFrom(from string) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return dialer.DialContext
}
