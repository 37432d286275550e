package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

// TestSecretsStayInTheRegion sends a secret in every kind of attribute, next to a harmless attribute.
func TestSecretsStayInTheRegion(t *testing.T) {
	t.Parallel()
	b := newBorder(t, "regional: {redact: {keys: [it's.ours]}}")
	secrets := func(place string) []*common.KeyValue {
		return []*common.KeyValue{text("password", "secret of "+place), text("it's.ours", "secret of "+place), text("note", "note of "+place)}
	}
	spans, points, records := spans(1, 1), points(1, 1), records(1, 1)
	span := spans.ResourceSpans[0].ScopeSpans[0].Spans[0]
	span.Attributes = append(span.Attributes, secrets("span")...)
	span.Events = []*trace.Span_Event{{Name: "event", Attributes: secrets("span event")}}
	spans.ResourceSpans[0].Resource.Attributes = append(spans.ResourceSpans[0].Resource.Attributes, secrets("resource")...)
	point := points.ResourceMetrics[0].ScopeMetrics[0].Metrics[0].GetGauge().DataPoints[0]
	point.Attributes = append(point.Attributes, secrets("data point")...)
	record := records.ResourceLogs[0].ScopeLogs[0].LogRecords[0]
	record.Attributes = append(record.Attributes, secrets("log record")...)
	record.Body = &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: secrets("log body")}}}
	b.send(t, spans, points, records)

	for place, signal := range map[string]string{
		"span": Traces, "span event": Traces, "resource": Traces, "data point": Metrics, "log record": Logs, "log body": Logs,
	} {
		b.primary.await(t, "note of "+place, signal)
		if found := b.primary.has("secret of " + place); len(found) > 0 {
			t.Errorf("the secret of the %s left the region, in %q", place, found)
		}
	}
}

// TestRegionOverwritesFalseCloudAttributes checks that the chart's values replace a pod's claims about its cloud, region,
// account and cluster.
func TestRegionOverwritesFalseCloudAttributes(t *testing.T) {
	t.Parallel()
	b := newBorder(t, "")
	spans, points, records := spans(1, 1), points(1, 1), records(1, 1)
	place := map[string]string{
		"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.region": "us-east-1", "cloud.account.id": "123456789012", "k8s.cluster.name": "test",
	}
	var claims []*common.KeyValue
	for key := range place {
		claims = append(claims, text(key, "false "+key))
	}
	for _, of := range []*resource.Resource{spans.ResourceSpans[0].Resource, points.ResourceMetrics[0].Resource, records.ResourceLogs[0].Resource} {
		of.Attributes = append(of.Attributes, claims...)
	}
	b.send(t, spans, points, records)
	for key, value := range place {
		b.primary.await(t, strconv.Quote(key), Traces, Metrics, Logs)
		b.primary.await(t, strconv.Quote(value), Traces, Metrics, Logs)
		if found := b.primary.has("false " + key); len(found) > 0 {
			t.Errorf("a false %s left the region, in %q", key, found)
		}
	}
}

// TestSovereigntyRules checks that a keep rule limits its signals to matching items, and that a drop rule excludes matching
// items from a destination. Everything else leaves the region. While the primary is down, the backup receives only what the
// rules allow.
func TestSovereigntyRules(t *testing.T) {
	t.Parallel()
	b := newBorder(t, `
regional:
  sovereignty:
    - {action: keep, attribute: shared, values: ["yes", also], signals: [traces, logs]}
    - {action: drop, attribute: residency, values: [eu], destinations: [backup]}
`)
	all := []string{Traces, Metrics, Logs}
	b.sendOfEach(t, "first", map[string][]*common.KeyValue{
		"other": {text("shared", "no")},
		"bare":  nil,
		"eu":    {text("shared", "yes"), text("residency", "eu")},
		"kept":  {text("shared", "also")},
	})
	b.primary.await(t, "first kept", all...)
	b.primary.await(t, "first eu", all...)
	b.primary.await(t, "first other", Metrics)
	b.primary.await(t, "first bare", Metrics)

	b.primary.refuse()
	b.sendOfEach(t, "second", map[string][]*common.KeyValue{
		"other": {text("shared", "no")},
		"eu":    {text("shared", "yes"), text("residency", "eu")},
		"kept":  {text("shared", "yes")},
	})
	b.backup.await(t, "second kept", all...)
	b.backup.await(t, "second other", Metrics)
	b.backup.await(t, "second eu")
	if found := b.primary.has("second"); len(found) > 0 {
		t.Errorf("the primary accepted %q while it answered 503", found)
	}
}

// TestRegionSamplesCompleteTraces checks that a sampling region sends complete traces. Of the other traces it sends only
// errors, 5xx and slow spans.
func TestRegionSamplesCompleteTraces(t *testing.T) {
	t.Parallel()
	const traces = 200
	b := newBorder(t, "regional: {samplePercent: 30}")
	all := spans(1, traces*SpansOfTrace)
	failed, slow, status := 0, 0, map[string]int{"http.response.status_code": 0, "http.status_code": 0}
	for i, span := range all.ResourceSpans[0].ScopeSpans[0].Spans {
		span.Name = fmt.Sprintf("trace %d.", i/SpansOfTrace)
		switch {
		case span.Status.GetCode() == trace.Status_STATUS_CODE_ERROR:
			span.Name, failed = "failed.", failed+1
		case i%100 == 1:
			span.Name, slow = "slow.", slow+1
			span.EndTimeUnixNano = span.StartTimeUnixNano + uint64(2*time.Second)
		case i%100 == 2 || i%100 == 3:
			key := []string{"http.response.status_code", "http.status_code"}[i%100-2]
			span.Name, status[key] = key+".", status[key]+1
			span.Attributes = []*common.KeyValue{{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: 503}}}}
		}
	}
	b.send(t, all, points(1, 1), records(1, 1))
	Await(t, Patience, "the sampled spans", func() bool { return len(b.primary.has("failed.")) > 0 })
	if got := b.primary.count("failed."); got != failed || failed == 0 {
		t.Errorf("%d of %d failed spans left the region", got, failed)
	}
	if got := b.primary.count("slow."); got != slow {
		t.Errorf("%d of %d slow spans left the region", got, slow)
	}
	for key, want := range status {
		if got := b.primary.count(key + "."); got != want || want == 0 {
			t.Errorf("%d of %d spans with a 5xx in %s left the region", got, want, key)
		}
	}
	kept := 0
	for n := range traces {
		name := fmt.Sprintf("trace %d.", n)
		ordinary := 0
		for _, span := range all.ResourceSpans[0].ScopeSpans[0].Spans {
			if span.Name == name {
				ordinary++
			}
		}
		switch got := b.primary.count(name); got {
		case 0:
		case ordinary:
			kept++
		default:
			t.Errorf("%d of %d ordinary spans of trace %d left the region", got, ordinary, n)
		}
	}
	// Sampling depends on the trace id, and the ids are the same in every run.
	if kept < traces*20/100 || kept > traces*40/100 {
		t.Errorf("%d of %d traces left the region, want 30 %%", kept, traces)
	}
}

// sendOfEach sends an item of each signal with these attributes: on span and data point, and on the log
// record's resource, because rules also apply to resources. The items of one signal share a request, so they
// arrive together.
func (b *border) sendOfEach(t *testing.T, round string, attributes map[string][]*common.KeyValue) {
	t.Helper()
	all, points, records := spans(1, len(attributes)), points(1, len(attributes)), new(collogs.ExportLogsServiceRequest)
	for i, name := range slices.Sorted(maps.Keys(attributes)) {
		span := all.ResourceSpans[0].ScopeSpans[0].Spans[i]
		span.Name, span.Attributes = round+" "+name, attributes[name]
		point := points.ResourceMetrics[0].ScopeMetrics[0].Metrics[0].GetGauge().DataPoints[i]
		point.Attributes = append(point.Attributes, append(attributes[name], text("name", round+" "+name))...)
		record := &logs.LogRecord{Body: text("", round+" "+name).Value}
		records.ResourceLogs = append(records.ResourceLogs, &logs.ResourceLogs{
			Resource:  &resource.Resource{Attributes: attributes[name]},
			ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{record}}},
		})
	}
	b.send(t, all, points, records)
}
