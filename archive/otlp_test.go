package archive_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/klauspost/compress/zstd"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// resourceOf returns a resource with these attributes: keys and values in turn.
func resourceOf(pairs ...string) *resource.Resource {
	r := &resource.Resource{}
	for i := 0; i < len(pairs); i += 2 {
		r.Attributes = append(r.Attributes, &common.KeyValue{
			Key: pairs[i], Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: pairs[i+1]}},
		})
	}
	return r
}

// shop returns the resource of a service in a region, as archived.
func shop(cloud, region, service string) *resource.Resource {
	return resourceOf("service.name", service, "cloud.provider", cloud, "cloud.region", region,
		"telemetry.archive.prefix", cloud+"/"+region)
}

// spansOf returns spans of a resource in two scopes, named as given.
func spansOf(r *resource.Resource, names ...string) *tracepb.ResourceSpans {
	half := len(names) / 2
	rs := &tracepb.ResourceSpans{Resource: r, SchemaUrl: "https://opentelemetry.io/schemas/1.44.0"}
	for i, part := range [][]string{names[:half], names[half:]} {
		ss := &tracepb.ScopeSpans{Scope: &common.InstrumentationScope{Name: []string{"first", "second"}[i]}, SchemaUrl: "schema"}
		for _, name := range part {
			ss.Spans = append(ss.Spans, &tracepb.Span{Name: name, SpanId: []byte(name)})
		}
		rs.ScopeSpans = append(rs.ScopeSpans, ss)
	}
	return rs
}

func traces(all ...*tracepb.ResourceSpans) *tracepb.TracesData {
	return &tracepb.TracesData{ResourceSpans: all}
}

// allKinds returns a metric of each kind, with one to five data points.
func allKinds(r *resource.Resource) *metricspb.MetricsData {
	metrics := []*metricspb.Metric{
		{Name: "gauge", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: make([]*metricspb.NumberDataPoint, 1)}}},
		{Name: "sum", Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{DataPoints: make([]*metricspb.NumberDataPoint, 2), IsMonotonic: true}}},
		{Name: "histogram", Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{DataPoints: make([]*metricspb.HistogramDataPoint, 3)}}},
		{Name: "exponential", Data: &metricspb.Metric_ExponentialHistogram{ExponentialHistogram: &metricspb.ExponentialHistogram{DataPoints: make([]*metricspb.ExponentialHistogramDataPoint, 4)}}},
		{Name: "summary", Data: &metricspb.Metric_Summary{Summary: &metricspb.Summary{DataPoints: make([]*metricspb.SummaryDataPoint, 5)}}},
		{Name: "without data"},
	}
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: r, ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: metrics}},
	}}}
}

func records(r *resource.Resource, n int) *logspb.LogsData {
	scope := &logspb.ScopeLogs{}
	for range n {
		scope.LogRecords = append(scope.LogRecords, &logspb.LogRecord{SeverityText: "info"})
	}
	return &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{Resource: r, ScopeLogs: []*logspb.ScopeLogs{scope}}}}
}

func plain(t testing.TB, m proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func zstandard(t testing.TB, m proto.Message) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(plain(t, m), nil)
}

func gzipped(t testing.TB, m proto.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain(t, m)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
