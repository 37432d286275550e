package pipeline

import (
	"encoding/binary"
	"fmt"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}}}
}

// sender returns the resource of a service; the first number of a request selects one of twelve services.
func sender(first uint64) *resource.Resource {
	n := first / 100 % 12
	return &resource.Resource{Attributes: []*common.KeyValue{
		text("service.name", fmt.Sprintf("service-%d", n)),
		text("service.version", "1.4.2"),
		text("service.instance.id", fmt.Sprintf("%016x", mix(n))),
		text("k8s.namespace.name", "shop"),
		text("k8s.pod.name", fmt.Sprintf("service-%d-7c9f8d6b5-%05x", n, mix(n)%(1<<20))),
		text("k8s.pod.ip", fmt.Sprintf("10.1.2.%d", n+1)),
		text("telemetry.sdk.language", "go"),
		text("telemetry.sdk.name", "opentelemetry"),
		text("telemetry.sdk.version", "1.47.0"),
	}}
}

// spans returns a request of HTTP server spans with 11 attributes, and two secrets in 1 of 7.
func spans(first uint64, count int) *coltrace.ExportTraceServiceRequest {
	all := make([]*trace.Span, 0, count)
	now := uint64(time.Now().UnixNano())
	for i := range uint64(count) {
		n := first + i
		s := &trace.Span{
			TraceId: traceID(n), SpanId: binary.BigEndian.AppendUint64(nil, n),
			Name: "GET /api/v1/orders/{id}", Kind: trace.Span_SPAN_KIND_SERVER,
			StartTimeUnixNano: now, EndTimeUnixNano: now + (1+mix(n)%300)*uint64(time.Millisecond),
			Attributes: spanAttributes(n), Status: &trace.Status{},
		}
		root := (n-1)/SpansOfTrace*SpansOfTrace + 1
		if n != root {
			s.ParentSpanId = binary.BigEndian.AppendUint64(nil, root)
		}
		if TraceFails(n) && n == root+SpansOfTrace-1 {
			s.Status.Code = trace.Status_STATUS_CODE_ERROR
		}
		all = append(all, s)
	}
	scope := &common.InstrumentationScope{Name: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", Version: "0.59.0"}
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource: sender(first), ScopeSpans: []*trace.ScopeSpans{{Scope: scope, Spans: all}},
	}}}
}

func spanAttributes(n uint64) []*common.KeyValue {
	attributes := []*common.KeyValue{
		text("http.request.method", "GET"),
		text("http.route", "/api/v1/orders/{id}"),
		number("http.response.status_code", 200),
		text("url.path", fmt.Sprintf("/api/v1/orders/%d", mix(n)%100_000_000)),
		text("url.scheme", "https"),
		text("server.address", "shop.example.com"),
		text("client.address", fmt.Sprintf("203.0.%d.%d", mix(n)%255, n%255)),
		text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"),
		text("enduser.id", fmt.Sprintf("u-%08x", mix(n)>>32)),
		text("network.protocol.version", "1.1"),
		number("http.response.body.size", int64(mix(n)%100_000)),
	}
	if n%7 == 0 {
		attributes = append(attributes, text("password", "hunter2"), text("token", fmt.Sprintf("%x", mix(n))))
	}
	return attributes
}

// points returns a request with data points of one gauge. Within a request, each data point is a separate series;
// a series has at most one sample per millisecond, as Prometheus requires.
func points(first uint64, count int) *colmetrics.ExportMetricsServiceRequest {
	all := make([]*metrics.NumberDataPoint, 0, count)
	now := uint64(time.Now().UnixNano())
	for i := range uint64(count) {
		all = append(all, &metrics.NumberDataPoint{
			TimeUnixNano: now, Attributes: []*common.KeyValue{number("slot", int64(i))},
			Value: &metrics.NumberDataPoint_AsInt{AsInt: int64(first + i)},
		})
	}
	gauge := &metrics.Metric{Name: "telepod_test_sequence", Data: &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: all}}}
	return &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metrics.ResourceMetrics{{
		Resource: sender(1), ScopeMetrics: []*metrics.ScopeMetrics{{Metrics: []*metrics.Metric{gauge}}},
	}}}
}

func records(first uint64, count int) *collogs.ExportLogsServiceRequest {
	all := make([]*logs.LogRecord, 0, count)
	now := uint64(time.Now().UnixNano())
	for i := range uint64(count) {
		n := first + i
		all = append(all, &logs.LogRecord{
			TimeUnixNano: now, SeverityNumber: logs.SeverityNumber_SEVERITY_NUMBER_INFO,
			Body:       text("", fmt.Sprintf("order %d was paid in %d ms", n, mix(n)%300)).Value,
			Attributes: []*common.KeyValue{number("seq", int64(n)), text("authorization", "Bearer abc")},
		})
	}
	return &collogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource: sender(first), ScopeLogs: []*logs.ScopeLogs{{LogRecords: all}},
	}}}
}
