package failoverexporter

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// filter decides which items of one signal may be sent to an endpoint. An item is dropped if any rule drops it, which is what
// filterprocessor does with a list of conditions.
type filter []rule

type rule struct {
	keep      bool
	attribute string
	values    []string
}

// newFilter returns the rules that apply to one signal.
func newFilter(rules []FilterConfig, sig signal) filter {
	var f filter
	for _, r := range rules {
		if len(r.Signals) == 0 || slices.Contains(r.Signals, sig.String()) {
			f = append(f, rule{keep: r.Action == "keep", attribute: r.Attribute, values: r.Values})
		}
	}
	return f
}

// drops reports whether an item is dropped. A rule matches if the item's attribute or its resource's has one of
// the values as a string; other types are never equal to a string, as in OTTL.
func (f filter) drops(item, resource pcommon.Map) bool {
	for _, r := range f {
		if (r.attribute == "" || r.matches(item) || r.matches(resource)) != r.keep {
			return true
		}
	}
	return false
}

func (r rule) matches(attributes pcommon.Map) bool {
	v, ok := attributes.Get(r.attribute)
	if !ok || v.Type() == pcommon.ValueTypeEmpty {
		return false
	}
	return len(r.values) == 0 || v.Type() == pcommon.ValueTypeStr && slices.Contains(r.values, v.Str())
}

// apply returns the request without what is dropped, and how many items are left.
func (f filter) apply(sig signal, data []byte) ([]byte, int, error) {
	switch sig {
	case traces:
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			return nil, 0, err
		}
		f.traces(td)
		out, err := encodeTraces(td)
		return out, td.SpanCount(), err
	case metrics:
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
		if err != nil {
			return nil, 0, err
		}
		f.metrics(md)
		out, err := encodeMetrics(md)
		return out, md.DataPointCount(), err
	default:
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			return nil, 0, err
		}
		f.logs(ld)
		out, err := encodeLogs(ld)
		return out, ld.LogRecordCount(), err
	}
}

func (f filter) traces(td ptrace.Traces) {
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(s ptrace.Span) bool { return f.drops(s.Attributes(), rs.Resource().Attributes()) })
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
}

func (f filter) logs(ld plog.Logs) {
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(func(l plog.LogRecord) bool { return f.drops(l.Attributes(), rl.Resource().Attributes()) })
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
}

func (f filter) metrics(md pmetric.Metrics) {
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		resource := rm.Resource().Attributes()
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return f.points(m, resource) == 0 })
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
}

// points drops data points of a metric and returns how many are left.
func (f filter) points(m pmetric.Metric, resource pcommon.Map) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return removePoints(f, m.Gauge().DataPoints(), resource)
	case pmetric.MetricTypeSum:
		return removePoints(f, m.Sum().DataPoints(), resource)
	case pmetric.MetricTypeHistogram:
		return removePoints(f, m.Histogram().DataPoints(), resource)
	case pmetric.MetricTypeExponentialHistogram:
		return removePoints(f, m.ExponentialHistogram().DataPoints(), resource)
	case pmetric.MetricTypeSummary:
		return removePoints(f, m.Summary().DataPoints(), resource)
	default:
		return 0
	}
}

type point interface{ Attributes() pcommon.Map }

type points[P point] interface {
	RemoveIf(func(P) bool)
	Len() int
}

func removePoints[P point](f filter, all points[P], resource pcommon.Map) int {
	all.RemoveIf(func(p P) bool { return f.drops(p.Attributes(), resource) })
	return all.Len()
}
