package pipeline

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Every place that has attributes holds a secret, named after the place, and a harmless neighbour.
func TestSecretsStayInTheRegion(t *testing.T) {
	b := newBorder(t, "regional: {redact: {moreKeys: [it's.ours]}}")
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

// What a rule keeps leaves for where the rule is about, and nothing else does; what no rule is about
// leaves. The backup hears what it may when the primary is away.
func TestOnlyWhatMayLeaveTheRegionDoes(t *testing.T) {
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
		t.Errorf("the primary took %q after it had refused", found)
	}
}

// sendOfEach sends an item of each signal with these attributes: on span and data point, and on the
// resource of the log record, which counts as well. The items of one signal share a request, so that
// they arrive together.
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

// border is a region with a primary and a backup that keep what comes over to them.
type border struct {
	client          *grpc.ClientConn
	primary, backup *ledger
}

// newBorder runs a region with more values of the chart.
func newBorder(t *testing.T, values string) *border {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a Collector; run without -short")
	}
	p := newPlant(t)
	b := &border{primary: p.newLedger(t), backup: p.newLedger(t)}
	config := p.Render(t, RegionValues([2]string{b.primary.address, b.backup.address})+values, Regional)
	region := p.node("region", []string{config, offCluster,
		"yaml:exporters::otlp_http/primary::compression: none", "yaml:exporters::otlp_http/backup::compression: none",
	}).Start(t)
	conn, err := grpc.NewClient(region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	b.client = conn
	return b
}

// send has the region accept a request of each signal.
func (b *border) send(t *testing.T, spans *coltrace.ExportTraceServiceRequest, points *colmetrics.ExportMetricsServiceRequest, records *collogs.ExportLogsServiceRequest) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := coltrace.NewTraceServiceClient(b.client).Export(ctx, spans); err != nil {
		t.Fatalf("send spans: %v", err)
	}
	if _, err := colmetrics.NewMetricsServiceClient(b.client).Export(ctx, points); err != nil {
		t.Fatalf("send data points: %v", err)
	}
	if _, err := collogs.NewLogsServiceClient(b.client).Export(ctx, records); err != nil {
		t.Fatalf("send log records: %v", err)
	}
}

// ledger is a central site that keeps every request as text.
type ledger struct {
	address string

	mu       sync.Mutex
	closed   bool
	requests map[string][]string // by signal
}

func (p *Plant) newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{address: net.JoinHostPort(p.Address(), "4318"), requests: map[string][]string{}}
	p.serve(t, l.address, l)
	return l
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	signal := strings.TrimPrefix(r.URL.Path, "/v1/")
	request, known := map[string]proto.Message{
		Traces: new(coltrace.ExportTraceServiceRequest), Metrics: new(colmetrics.ExportMetricsServiceRequest), Logs: new(collogs.ExportLogsServiceRequest),
	}[signal]
	body, err := io.ReadAll(r.Body)
	if err == nil && known {
		err = proto.Unmarshal(body, request)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || !known:
		http.Error(w, fmt.Sprintf("%s: %v", signal, err), http.StatusBadRequest)
	case l.closed:
		http.Error(w, "closed", http.StatusServiceUnavailable)
	default:
		l.requests[signal] = append(l.requests[signal], protojson.Format(request))
	}
}

// refuse has the site answer that it is unavailable from now on.
func (l *ledger) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// has tells in which signals a text is.
func (l *ledger) has(text string) (signals []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, signal := range []string{Traces, Metrics, Logs} {
		if slices.ContainsFunc(l.requests[signal], func(request string) bool { return strings.Contains(request, text) }) {
			signals = append(signals, signal)
		}
	}
	return signals
}

// await waits until a text is in these signals.
func (l *ledger) await(t *testing.T, text string, signals ...string) {
	t.Helper()
	Await(t, 10*time.Second, fmt.Sprintf("%q in %q", text, signals), func() bool { return slices.Equal(l.has(text), signals) })
}
