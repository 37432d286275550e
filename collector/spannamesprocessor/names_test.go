package spannamesprocessor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

func TestWithoutIDs(t *testing.T) {
	for name, want := range map[string]string{
		"GET /orders/4711":                                 "GET /orders/{id}",
		"GET /orders/7/items/8?page=2":                     "GET /orders/{id}/items/{id}?page={id}",
		"/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301/cart": "/users/{id}/cart",
		"session 3F2504E0-4F89-41D3-9A0C-0305E82C3301":     "session {id}",
		"process order-47110":                              "process order-{id}",
		"blob/507f1f77bcf86cd799439011":                    "blob/{id}",
		"export t_20261127":                                "export t_{id}",
		"commit 4bf92f3577b34da6a3ce929d0e0e4736.":         "commit {id}.",
		"42":   "42",
		"4711": "{id}",
		"/42":  "/{id}",
		// Names without identifiers.
		"":                            "",
		"GET /api/v2/orders/{id}":     "GET /api/v2/orders/{id}",
		"HTTP/1.1 GET":                "HTTP/1.1 GET",
		"HTTP 404":                    "HTTP 404",
		"SELECT shop.orders2":         "SELECT shop.orders2",
		"queue-3 us-east-1 publish":   "queue-3 us-east-1 publish",
		"deadbeef facade":             "deadbeef facade",
		"grpc.health.v1.Health/Check": "grpc.health.v1.Health/Check",
		"sha256 of e3b0c44":           "sha256 of e3b0c44",
		"Bestellung/größe4711":        "Bestellung/größe4711",
		"3f2504e0-4f89":               "{id}-4f89",
	} {
		if got := withoutIDs(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

// A name of any length is cut to a bounded length, between characters.
func TestSeries(t *testing.T) {
	for name, want := range map[string]string{
		strings.Repeat("a ", 100):      strings.Repeat("a ", 100),
		strings.Repeat("a ", 5000):     strings.Repeat("a ", 100) + "…",
		strings.Repeat("/4711", 40):    strings.Repeat("/{id}", 40),
		"x" + strings.Repeat("é", 200): "x" + strings.Repeat("é", 99) + "…",
	} {
		if got := series(name); got != want || series(got) != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

// FuzzWithoutIDs checks that replacing twice changes nothing more, and that what remains was in the name before.
func FuzzWithoutIDs(f *testing.F) {
	f.Add("GET /orders/4711?x=3f2504e0-4f89-41d3-9a0c-0305e82c3301")
	f.Add("\xff/1/")
	f.Fuzz(func(t *testing.T, name string) {
		once := withoutIDs(name)
		if twice := withoutIDs(once); twice != once {
			t.Errorf("%q became %q, and then %q", name, once, twice)
		}
		at := 0
		for part := range strings.SplitSeq(once, placeholder) {
			found := strings.Index(name[at:], part)
			if found < 0 {
				t.Fatalf("%q became %q: %q was not in it", name, once, part)
			}
			at += found + len(part)
		}
	})
}

func tracesWith(names ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, name := range names {
		span := spans.AppendEmpty()
		span.SetName(name)
		span.Attributes().PutStr("http.route", "/orders/4711")
	}
	return td
}

// The processor passes on a request without identifiers as it is, and never changes what it was given.
func TestProcessor(t *testing.T) {
	for name, c := range map[string]struct {
		names, want []string
	}{
		"without identifiers": {[]string{"a", "b"}, []string{"a", "b"}},
		"with one":            {[]string{"a", "b/1"}, []string{"a", "b/{id}"}},
	} {
		t.Run(name, func(t *testing.T) {
			sink := new(consumertest.TracesSink)
			p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(component.MustNewType("span_names")), &Config{}, sink)
			if err != nil {
				t.Fatal(err)
			}
			if p.Capabilities().MutatesData {
				t.Error("data would be copied in front of the processor")
			}
			td := tracesWith(c.names...)
			td.MarkReadOnly()
			if err := p.ConsumeTraces(t.Context(), td); err != nil {
				t.Fatal(err)
			}
			got := sink.AllTraces()[0]
			if diff := cmp.Diff(c.want, namesOf(got)); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.names, namesOf(td)); diff != "" {
				t.Errorf("the request changed (-before +after):\n%s", diff)
			}
			if route, _ := got.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get("http.route"); route.Str() != "/orders/4711" {
				t.Errorf("http.route is %q", route.Str())
			}
		})
	}
}

func namesOf(td ptrace.Traces) (names []string) {
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		names = append(names, span.Name())
	}
	return names
}

func BenchmarkConsume(b *testing.B) {
	for name, spanName := range map[string]string{"without": "GET /api/v1/orders/{id}", "with": "GET /api/v1/orders/4711"} {
		b.Run(name, func(b *testing.B) {
			names := make([]string, 1000)
			for i := range names {
				names[i] = spanName
			}
			td := tracesWith(names...)
			for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				for _, key := range strings.Fields("http.request.method url.path url.scheme server.address client.address user_agent.original enduser.id network.protocol.version a b c") {
					span.Attributes().PutStr(key, "/api/v1/orders/4711")
				}
			}
			p := &renamer{next: consumertest.NewNop()}
			for b.Loop() {
				if err := p.ConsumeTraces(b.Context(), td); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/span")
		})
	}
}
