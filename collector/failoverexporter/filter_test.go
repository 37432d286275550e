package failoverexporter

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// mixed returns spans in two resources: each span is named after its attributes.
func mixed() ptrace.Traces {
	td := ptrace.NewTraces()
	eu := td.ResourceSpans().AppendEmpty()
	eu.Resource().Attributes().PutStr("data.residency", "eu")
	eu.ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("resource eu")
	rest := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	rest.AppendEmpty().SetName("nothing")
	for name, value := range map[string]string{"item eu": "eu", "item us": "us"} {
		s := rest.AppendEmpty()
		s.SetName(name)
		s.Attributes().PutStr("data.residency", value)
	}
	s := rest.AppendEmpty()
	s.SetName("item 7")
	s.Attributes().PutInt("data.residency", 7)
	s = rest.AppendEmpty()
	s.SetName("item empty")
	s.Attributes().PutEmpty("data.residency")
	return td
}

func names(td ptrace.Traces) map[string]bool {
	out := map[string]bool{}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				out[s.Name()] = true
			}
		}
	}
	return out
}

func set(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// The rules are equivalent to the conditions that the chart rendered for filterprocessor: an item or its resource has the
// attribute with a value, compared as in OTTL.
func TestFilterRules(t *testing.T) {
	for name, c := range map[string]struct {
		rules []FilterConfig
		want  map[string]bool
	}{
		"drop a value":                {[]FilterConfig{{Action: "drop", Attribute: "data.residency", Values: []string{"eu"}}}, set("nothing", "item us", "item 7", "item empty")},
		"drop values":                 {[]FilterConfig{{Action: "drop", Attribute: "data.residency", Values: []string{"eu", "us"}}}, set("nothing", "item 7", "item empty")},
		"not a string":                {[]FilterConfig{{Action: "drop", Attribute: "data.residency", Values: []string{"7"}}}, set("resource eu", "nothing", "item eu", "item us", "item 7", "item empty")},
		"drop any value":              {[]FilterConfig{{Action: "drop", Attribute: "data.residency"}}, set("nothing", "item empty")},
		"keep a value":                {[]FilterConfig{{Action: "keep", Attribute: "data.residency", Values: []string{"eu"}}}, set("resource eu", "item eu")},
		"keep any value":              {[]FilterConfig{{Action: "keep", Attribute: "data.residency"}}, set("resource eu", "item eu", "item us", "item 7")},
		"drop all":                    {[]FilterConfig{{Action: "drop"}}, set()},
		"keep all":                    {[]FilterConfig{{Action: "keep"}}, names(mixed())},
		"two rules":                   {[]FilterConfig{{Action: "keep", Attribute: "data.residency"}, {Action: "drop", Attribute: "data.residency", Values: []string{"us"}}}, set("resource eu", "item eu", "item 7")},
		"for another signal":          {[]FilterConfig{{Action: "drop", Signals: []string{"logs", "metrics"}}}, names(mixed())},
		"for this signal":             {[]FilterConfig{{Action: "drop", Signals: []string{"logs", "traces"}}}, set()},
		"two that exclude each other": {[]FilterConfig{{Action: "keep", Attribute: "a"}, {Action: "keep", Attribute: "data.residency"}}, set()},
	} {
		data, err := encodeTraces(mixed())
		if err != nil {
			t.Fatal(err)
		}
		out, items, err := newFilter(c.rules, traces).apply(traces, data)
		if err != nil {
			t.Fatal(err)
		}
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, names(td)); diff != "" || items != len(c.want) {
			t.Errorf("%s: %d items: %s", name, items, diff)
		}
	}
}

func TestFilterMetricsAndLogs(t *testing.T) {
	md := pmetric.NewMetrics()
	all := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, add := range []func(pmetric.Metric) pmetric.NumberDataPoint{
		func(m pmetric.Metric) pmetric.NumberDataPoint { return m.SetEmptyGauge().DataPoints().AppendEmpty() },
		func(m pmetric.Metric) pmetric.NumberDataPoint { return m.SetEmptySum().DataPoints().AppendEmpty() },
	} {
		add(all.AppendEmpty()).Attributes().PutStr("k", "v")
	}
	all.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().Attributes().PutStr("k", "v")
	all.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Attributes().PutStr("k", "v")
	all.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().Attributes().PutStr("k", "v")
	all.At(0).Gauge().DataPoints().AppendEmpty().Attributes().PutStr("k", "other")
	f := newFilter([]FilterConfig{{Action: "drop", Attribute: "k", Values: []string{"v"}}}, metrics)
	f.metrics(md)
	if md.MetricCount() != 1 || md.DataPointCount() != 1 {
		t.Errorf("%d metrics with %d data points are left, want 1 with 1", md.MetricCount(), md.DataPointCount())
	}
	ld := oneLog()
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("k", "v")
	if f.logs(ld); ld.ResourceLogs().Len() != 0 {
		t.Error("a log record of a dropped resource is left")
	}
}

// Data that a site may not receive is dropped for it, and goes to the other site only while that one is in use.
func TestFilterAppliesToItsEndpoint(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	c := testConfig(primary, backup)
	c.Endpoints[1].Filters = []FilterConfig{{Action: "drop", Attribute: "service.name", Values: []string{"checkout"}}}
	r := started(t, c)
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the primary, without a filter, gets the batch", func() bool { return primary.count(traces) == 1 })
	primary.answerWith(func(w http.ResponseWriter, _ *http.Request, _ signal) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if err := r.traces.ConsumeTraces(t.Context(), numbered(10, 10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the backup's filter drops the batch", func() bool { return r.sum("filtered_items", "endpoint", "backup") == 10 })
	if err := r.logsOut.ConsumeLogs(t.Context(), oneLog()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the backup gets what its filter does not match", func() bool { return backup.count(logs) == 1 })
	if backup.count(traces) > 0 {
		t.Error("the backup got what its filter drops")
	}
}
