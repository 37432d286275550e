package canary

import (
	"crypto/rand"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/drill"
)

// Service is the service.name of canaries.
const Service = "telepod-drill"

// Attributes of a canary's span.
const (
	keyDrill     = "telepod.drill.id"
	keyRegion    = "telepod.drill.region"
	keyCollector = "telepod.drill.collector"
	keySequence  = "telepod.drill.sequence"
)

// keySite makes a regional Collector send a single span to one site, whichever is in use: see
// collector/failoverexporter/README.md.
const keySite = "telepod.canary.site"

// Request returns an OTLP request in protobuf, for /v1/traces.
func Request(id string, canaries []drill.Canary, now time.Time) ([]byte, error) {
	return encode(id, canaries, now, text("service.name", Service))
}

// RequestTo returns a request with one canary for a site that need not be in use. The regional Collector answers
// with the site's answer.
func RequestTo(site, id string, canary drill.Canary, now time.Time) ([]byte, error) {
	return encode(id, []drill.Canary{canary}, now, text("service.name", Service), text(keySite, site))
}

func encode(id string, canaries []drill.Canary, now time.Time, of ...*common.KeyValue) ([]byte, error) {
	var spans []*trace.Span
	for _, canary := range canaries {
		spans = append(spans, span(id, canary, now))
	}
	return proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource: &resource.Resource{Attributes: of},
		ScopeSpans: []*trace.ScopeSpans{{
			Scope: &common.InstrumentationScope{Name: "github.com/telepod/telepod/drill"},
			Spans: spans,
		}},
	}}})
}

func span(id string, canary drill.Canary, now time.Time) *trace.Span {
	return &trace.Span{
		TraceId: random(16), SpanId: random(8), Name: "canary", Kind: trace.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(now.UnixNano()), EndTimeUnixNano: uint64(now.UnixNano()),
		Attributes: []*common.KeyValue{
			text(keyDrill, id), text(keyRegion, canary.Region), text(keyCollector, canary.Name),
			number(keySequence, canary.Sequence), number("sampling.priority", 1),
		},
	}
}

func random(length int) []byte {
	bytes := make([]byte, length)
	_, _ = rand.Read(bytes) // never fails: crypto/rand ends the program instead
	return bytes
}

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}}}
}

// each calls found for each canary of a drill.
func each(data *trace.TracesData, id string, found func(drill.Canary)) {
	for _, resource := range data.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				if canary, of := read(span); of == id {
					found(canary)
				}
			}
		}
	}
}

func read(span *trace.Span) (canary drill.Canary, id string) {
	for _, attribute := range span.GetAttributes() {
		switch attribute.GetKey() {
		case keyDrill:
			id = attribute.GetValue().GetStringValue()
		case keyRegion:
			canary.Region = attribute.GetValue().GetStringValue()
		case keyCollector:
			canary.Name = attribute.GetValue().GetStringValue()
		case keySequence:
			canary.Sequence = attribute.GetValue().GetIntValue()
		}
	}
	return canary, id
}
