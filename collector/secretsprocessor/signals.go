package secretsprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func (p *pass) traces(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		p.attributes(placeResource, rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			p.attributes(placeScope, ss.Scope().Attributes())
			for _, span := range ss.Spans().All() {
				p.span(span)
			}
		}
	}
}

func (p *pass) span(span ptrace.Span) {
	p.text(placeSpan, span.Name(), span.SetName)
	p.text(placeSpan, span.Status().Message(), span.Status().SetMessage)
	p.attributes(placeSpan, span.Attributes())
	for _, event := range span.Events().All() {
		p.text(placeSpanEvent, event.Name(), event.SetName)
		p.attributes(placeSpanEvent, event.Attributes())
	}
	for _, link := range span.Links().All() {
		p.attributes(placeSpanLink, link.Attributes())
	}
}

func (p *pass) logs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		p.attributes(placeResource, rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			p.attributes(placeScope, sl.Scope().Attributes())
			for _, record := range sl.LogRecords().All() {
				p.attributes(placeLogRecord, record.Attributes())
				p.place = placeLogBody
				p.value("", record.Body())
			}
		}
	}
}

func (p *pass) metrics(md pmetric.Metrics) {
	for _, rm := range md.ResourceMetrics().All() {
		p.attributes(placeResource, rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			p.attributes(placeScope, sm.Scope().Attributes())
			for _, metric := range sm.Metrics().All() {
				p.attributes(placeMetric, metric.Metadata())
				p.dataPoints(metric)
			}
		}
	}
}

func (p *pass) dataPoints(metric pmetric.Metric) {
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		p.numbers(metric.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		p.numbers(metric.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, point := range metric.Histogram().DataPoints().All() {
			p.point(point.Attributes(), point.Exemplars())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, point := range metric.ExponentialHistogram().DataPoints().All() {
			p.point(point.Attributes(), point.Exemplars())
		}
	case pmetric.MetricTypeSummary:
		for _, point := range metric.Summary().DataPoints().All() {
			p.attributes(placeDataPoint, point.Attributes())
		}
	}
}

func (p *pass) numbers(points pmetric.NumberDataPointSlice) {
	for _, point := range points.All() {
		p.point(point.Attributes(), point.Exemplars())
	}
}

func (p *pass) point(attributes pcommon.Map, exemplars pmetric.ExemplarSlice) {
	p.attributes(placeDataPoint, attributes)
	for _, exemplar := range exemplars.All() {
		p.attributes(placeExemplar, exemplar.FilteredAttributes())
	}
}
