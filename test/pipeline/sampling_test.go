package pipeline

import (
	"fmt"
	"testing"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestSamplingByService checks that a trace is kept with the highest percentage of its services, and that a service which is
// not listed has keepPercent. Span metrics must count spans under names without identifiers.
func TestSamplingByService(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - {name: vendor, protocol: otlp_http, endpoint: "%s", signals: [traces, metrics], siteMetrics: true}
  sampling: {keepPercent: 30, decisionSeconds: 3, services: {checkout: 100, health's $probe: 0}}
`, nil)
	const probe = "health's $probe"
	cases := []struct {
		services    []string
		least, most int // percent of the ordinary traces
	}{
		{[]string{probe}, 0, 0},
		{[]string{"front"}, 15, 45},
		{[]string{probe, "front"}, 15, 45},
		{[]string{probe, "checkout"}, 100, 100},
		{[]string{"front", "checkout"}, 100, 100},
	}
	for i, c := range cases {
		s.send(t, tracesOf(uint64(i)*spansOfCase+1, c.services...))
	}
	last := uint64(len(cases)-1) * spansOfCase
	Await(t, Patience, "the traces of checkout", func() bool { return s.kept(last) == 100 })
	// Traces are decided in order: once these have arrived, all earlier ones have.
	s.send(t, tracesOf(last+spansOfCase+1, "checkout"))
	Await(t, Patience, "later traces of checkout", func() bool { return s.kept(last+spansOfCase) == 100 })
	for i, c := range cases {
		if got := s.kept(uint64(i) * spansOfCase); got < c.least || got > c.most {
			t.Errorf("%d %% of the traces of %q were kept, want %d to %d", got, c.services, c.least, c.most)
		}
	}
	Await(t, Patience, "span metrics without identifiers", func() bool {
		return s.vendor.Has(Received{Name: "calls", Point: map[string]string{"service.name": "checkout", "span.name": "POST /orders/{id}"}})
	})
	if s.vendor.Has(Received{Name: "calls", Point: map[string]string{"span.name": fmt.Sprintf("POST /orders/%d", last+1)}}) {
		t.Error("span metrics have a name with an identifier")
	}
}

const spansOfCase = 200 * SpansOfTrace

// tracesOf returns a request of 200 traces. Their spans alternate between these services.
func tracesOf(first uint64, services ...string) *coltrace.ExportTraceServiceRequest {
	request := spans(first, spansOfCase)
	all := request.ResourceSpans[0].ScopeSpans[0].Spans
	for i, span := range all {
		span.Name = fmt.Sprintf("POST /orders/%d", first+uint64(i))
	}
	request.ResourceSpans = nil
	for i, service := range services {
		part := &trace.ScopeSpans{}
		for n := i; n < len(all); n += len(services) {
			part.Spans = append(part.Spans, all[n])
		}
		request.ResourceSpans = append(request.ResourceSpans, &trace.ResourceSpans{
			Resource: &resource.Resource{Attributes: []*common.KeyValue{text("service.name", service)}}, ScopeSpans: []*trace.ScopeSpans{part},
		})
	}
	return request
}

func (s *vendorSite) send(t *testing.T, request *coltrace.ExportTraceServiceRequest) {
	t.Helper()
	if _, err := coltrace.NewTraceServiceClient(s.dial(t)).Export(t.Context(), request, grpc.WaitForReady(true)); err != nil {
		t.Fatalf("send traces to the region: %v", err)
	}
}

func (s *vendorSite) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// kept returns the percentage of the ordinary traces of a case that arrived complete.
func (s *vendorSite) kept(before uint64) int {
	s.vendor.mu.Lock()
	defer s.vendor.mu.Unlock()
	ordinary, whole := 0, 0
	for n := before + 1; n <= before+spansOfCase; n += SpansOfTrace {
		if TraceFails(n) {
			continue
		}
		ordinary++
		arrived := 0
		for i := range uint64(SpansOfTrace) {
			arrived += min(1, s.vendor.arrived[Traces][n+i])
		}
		if arrived == SpansOfTrace {
			whole++
		}
	}
	return whole * 100 / ordinary
}

// TestPrometheusInstanceContainsClusterName checks that data for Prometheus has the cluster's name in its instance, once.
func TestPrometheusInstanceContainsClusterName(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - {name: vendor, protocol: otlp_http, endpoint: "%s", signals: [metrics]}
`, nil)
	s.node.Kill(t)
	s.node.run.Configs = append(s.node.run.Configs, "yaml:service::pipelines::metrics/vendor::processors: [transform/labels]")
	s.node.Start(t)
	for _, instance := range []string{"shop.cart-0.cart", "test/node-1"} {
		request := points(1, 1)
		request.ResourceMetrics[0].Resource.Attributes = []*common.KeyValue{text("service.name", "cart"), text("service.instance.id", instance)}
		if _, err := colmetrics.NewMetricsServiceClient(s.dial(t)).Export(t.Context(), request, grpc.WaitForReady(true)); err != nil {
			t.Fatalf("send a metric to the region: %v", err)
		}
	}
	for _, want := range []string{"test/shop.cart-0.cart", "test/node-1"} {
		Await(t, Patience, want, func() bool {
			return s.vendor.Has(Received{Resource: map[string]string{"service.instance.id": want}})
		})
	}
}
