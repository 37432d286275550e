package fanoutconnector

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// store is a pipeline that remembers the names of the spans that it accepted.
type store struct {
	refusal error
	changes bool
	spans   []string
}

func (s *store) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: s.changes}
}

func (s *store) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	if s.refusal != nil {
		return s.refusal
	}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.spans = append(s.spans, span.Name())
				if s.changes {
					span.SetName("changed")
				}
			}
		}
	}
	return nil
}

func oneSpan() ptrace.Traces {
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("original")
	return td
}

// send passes one span to a connector with two required and two optional branches.
func send(t *testing.T, stores map[string]*store) (*componenttest.Telemetry, error) {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	set := connectortest.NewNopSettings(component.MustNewType("fan_out"))
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	consumers := map[pipeline.ID]consumer.Traces{}
	for name, s := range stores {
		consumers[pipeline.NewIDWithName(pipeline.SignalTraces, name)] = s
	}
	cfg := &Config{Required: ids("a", "b"), Optional: ids("c", "d")}
	c, err := NewFactory().CreateTracesToTraces(t.Context(), set, cfg, connector.NewTracesRouter(consumers))
	if err != nil {
		t.Fatal(err)
	}
	return telemetry, c.ConsumeTraces(t.Context(), oneSpan())
}

func ids(names ...string) (all []pipeline.ID) {
	for _, name := range names {
		all = append(all, pipeline.NewIDWithName(pipeline.SignalTraces, name))
	}
	return all
}

func TestEveryBranchGetsTheOriginal(t *testing.T) {
	stores := map[string]*store{"a": {changes: true}, "b": {}, "c": {changes: true}, "d": {}}
	if _, err := send(t, stores); err != nil {
		t.Fatal(err)
	}
	for name, s := range stores {
		if diff := cmp.Diff([]string{"original"}, s.spans); diff != "" {
			t.Errorf("branch %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRequiredBranchRefusesBeforeOptionalOnesSeeAnything(t *testing.T) {
	full := errors.New("queue is full")
	stores := map[string]*store{"a": {}, "b": {refusal: full}, "c": {}, "d": {}}
	_, err := send(t, stores)
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "traces/b") {
		t.Errorf("refused with %v, want the error of traces/b", err)
	}
	if len(stores["c"].spans)+len(stores["d"].spans) > 0 {
		t.Error("an optional branch got data that was refused: it counts twice when the sender retries")
	}
}

func TestOptionalBranchDropsOnlyItsOwnData(t *testing.T) {
	stores := map[string]*store{"a": {}, "b": {}, "c": {refusal: errors.New("queue is full")}, "d": {}}
	telemetry, err := send(t, stores)
	if err != nil {
		t.Fatalf("an optional branch refused the request: %v", err)
	}
	if len(stores["d"].spans) != 1 {
		t.Error("the branch after one that refuses got nothing")
	}
	m, err := telemetry.GetMetric("otelcol_fan_out_dropped_items")
	if err != nil {
		t.Fatal(err)
	}
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	if len(points) != 1 || points[0].Value != 1 {
		t.Fatalf("counted %v, want one span", points)
	}
	if name, _ := points[0].Attributes.Value("pipeline"); name.AsString() != "traces/c" {
		t.Errorf("counted for %q, want traces/c", name.AsString())
	}
}

func TestConfigErrors(t *testing.T) {
	for want, cfg := range map[string]*Config{
		"no branches":  {},
		"listed twice": {Required: ids("a"), Optional: ids("a")},
	} {
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
	router := connector.NewTracesRouter(map[pipeline.ID]consumer.Traces{ids("a")[0]: &store{}})
	set := connectortest.NewNopSettings(component.MustNewType("fan_out"))
	_, err := NewFactory().CreateTracesToTraces(t.Context(), set, &Config{Required: ids("missing")}, router)
	if err == nil || !strings.Contains(err.Error(), `"traces/missing"`) {
		t.Errorf("error is %v, want one that names the missing branch", err)
	}
}
