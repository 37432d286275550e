package secretsprocessor

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

var update = flag.Bool("update", false, "rewrite what is expected in testdata/secrets.txt")

// row is a line of testdata: where a value is, and the result at each level.
type row struct {
	line              int
	place, key, value string
	standard, strict  string
	secrets           []string // parts of the value in «»
}

// Results other than a value.
const (
	deleted   = "(deleted)"
	unchanged = "(unchanged)"
)

// Each planted secret is removed at the levels that the table lists, and the text around it stays as in the table.
func TestSecretsAreRemoved(t *testing.T) {
	const file = "testdata/secrets.txt"
	rows, text := readRows(t, file)
	if len(rows) < 140 {
		t.Errorf("%s has %d secrets; want at least 140", file, len(rows))
	}
	for i := range rows {
		r := &rows[i]
		standard, strict := r.run(t, Standard), r.run(t, Strict)
		if *update {
			text[r.line] = strings.Join([]string{r.place, r.key, r.marked(), standard, sameAs(standard, strict)}, " | ")
			continue
		}
		if diff := cmp.Diff([]string{r.standard, r.strict}, []string{standard, strict}); diff != "" {
			t.Errorf("%s:%d: %s of a %s (-want +got):\n%s", file, r.line+1, r.key, r.place, diff)
		}
		for _, secret := range r.secrets {
			if strict == unchanged || strings.Contains(strict, secret) {
				t.Errorf("%s:%d: strict leaves %q in %q", file, r.line+1, secret, strict)
			}
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(text, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Harmless data stays as it is, byte for byte, at both levels.
func TestHarmlessDataStays(t *testing.T) {
	const file = "testdata/harmless.txt"
	rows, _ := readRows(t, file)
	if len(rows) < 80 {
		t.Errorf("%s has %d rows; want at least 80", file, len(rows))
	}
	for _, r := range rows {
		for _, level := range []Level{Standard, Strict} {
			if got := r.run(t, level); got != unchanged {
				t.Errorf("%s:%d: %s turns %s=%q of a %s into %q", file, r.line+1, level, r.key, r.value, r.place, got)
			}
		}
	}
}

// readRows reads lines "place | key | value | standard | strict"; with only three columns nothing may change.
func readRows(t *testing.T, file string) (rows []row, text []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Split(string(content), "\n")
	for i, line := range text {
		if line == "" || line[0] == '#' {
			continue
		}
		columns := strings.Split(line, " | ")
		for len(columns) < 5 {
			columns = append(columns, "")
		}
		r := row{line: i, place: columns[0], key: columns[1], value: columns[2], standard: columns[3], strict: columns[4]}
		if r.strict == "" {
			r.strict = r.standard
		}
		r.mark()
		rows = append(rows, r)
	}
	return rows, text
}

// mark removes the marks from the value and stores the text between them.
func (r *row) mark() {
	for {
		before, rest, found := strings.Cut(r.value, "«")
		if !found {
			return
		}
		secret, after, _ := strings.Cut(rest, "»")
		r.secrets = append(r.secrets, secret)
		r.value = before + secret + after
	}
}

func (r *row) marked() string {
	value := r.value
	for _, secret := range r.secrets {
		value = strings.Replace(value, secret, "«"+secret+"»", 1)
	}
	return value
}

func sameAs(standard, strict string) string {
	if standard == strict {
		return ""
	}
	return strict
}

// run sends the value through a processor of the level.
func (r *row) run(t *testing.T, level Level) string {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Level = level
	in := planted{place: r.place, key: r.key, value: r.parse(t)}
	out := in.through(t, cfg)
	if out == nil {
		return deleted
	}
	if cmp.Equal(out, in.value) {
		return unchanged
	}
	if text, ok := out.(string); ok {
		return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(text)
	}
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	check(t, encoder.Encode(out))
	return strings.TrimSpace(encoded.String())
}

// parse reads the value as JSON after "json ". Otherwise it reads \n as a new line and \\ as a backslash.
func (r *row) parse(t *testing.T) any {
	t.Helper()
	encoded, isJSON := strings.CutPrefix(r.value, "json ")
	if !isJSON {
		return strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(r.value)
	}
	var value any
	check(t, json.Unmarshal([]byte(encoded), &value))
	return value
}

// planted is a value at one place of an otherwise empty request.
type planted struct {
	place, key string
	value      any
}

// through returns the value after the processor, or nil if it was deleted.
func (p planted) through(t *testing.T, cfg *Config) any {
	t.Helper()
	ctx := context.Background()
	set := processortest.NewNopSettings(NewFactory().Type())
	switch p.place {
	case "metric", "data_point", "histogram_point", "exponential_point", "summary_point", "exemplar", "metrics_resource", "metrics_scope":
		sink := new(consumertest.MetricsSink)
		proc, err := NewFactory().CreateMetrics(ctx, set, cfg, sink)
		check(t, err)
		md := pmetric.NewMetrics()
		p.intoMetrics(t, md)
		check(t, proc.ConsumeMetrics(ctx, md))
		return p.out(metricPlaces(sink.AllMetrics()[0])[p.place])
	case "log_record", "log_body", "log_map", "logs_resource", "logs_scope":
		sink := new(consumertest.LogsSink)
		proc, err := NewFactory().CreateLogs(ctx, set, cfg, sink)
		check(t, err)
		ld := plog.NewLogs()
		p.intoLogs(t, ld)
		check(t, proc.ConsumeLogs(ctx, ld))
		return p.outOfLogs(sink.AllLogs()[0])
	}
	sink := new(consumertest.TracesSink)
	proc, err := NewFactory().CreateTraces(ctx, set, cfg, sink)
	check(t, err)
	td := ptrace.NewTraces()
	p.intoTraces(t, td)
	check(t, proc.ConsumeTraces(ctx, td))
	return p.outOfTraces(sink.AllTraces()[0])
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p planted) put(t *testing.T, m pcommon.Map) {
	t.Helper()
	check(t, m.PutEmpty(p.key).FromRaw(p.value))
}

func (p planted) out(m pcommon.Map) any {
	v, found := m.Get(p.key)
	if !found {
		return nil
	}
	return v.AsRaw()
}

func (p planted) intoMetrics(t *testing.T, md pmetric.Metrics) {
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	gauge := metrics.AppendEmpty()
	gauge.SetEmptyGauge().DataPoints().AppendEmpty().Exemplars().AppendEmpty()
	metrics.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty()
	metrics.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	metrics.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty()
	at, known := metricPlaces(md)[p.place]
	if !known {
		t.Fatalf("no place %q", p.place)
	}
	p.put(t, at)
}

func metricPlaces(md pmetric.Metrics) map[string]pcommon.Map {
	rm := md.ResourceMetrics().At(0)
	metrics := rm.ScopeMetrics().At(0).Metrics()
	point := metrics.At(0).Gauge().DataPoints().At(0)
	return map[string]pcommon.Map{
		"metrics_resource":  rm.Resource().Attributes(),
		"metrics_scope":     rm.ScopeMetrics().At(0).Scope().Attributes(),
		"metric":            metrics.At(0).Metadata(),
		"data_point":        point.Attributes(),
		"exemplar":          point.Exemplars().At(0).FilteredAttributes(),
		"histogram_point":   metrics.At(1).Histogram().DataPoints().At(0).Attributes(),
		"exponential_point": metrics.At(2).ExponentialHistogram().DataPoints().At(0).Attributes(),
		"summary_point":     metrics.At(3).Summary().DataPoints().At(0).Attributes(),
	}
}

func (p planted) intoLogs(t *testing.T, ld plog.Logs) {
	rl := ld.ResourceLogs().AppendEmpty()
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	switch p.place {
	case "log_body":
		check(t, record.Body().FromRaw(p.value))
	case "log_map":
		p.put(t, record.Body().SetEmptyMap())
	case "log_record":
		p.put(t, record.Attributes())
	case "logs_resource":
		p.put(t, rl.Resource().Attributes())
	case "logs_scope":
		p.put(t, rl.ScopeLogs().At(0).Scope().Attributes())
	}
}

func (p planted) outOfLogs(ld plog.Logs) any {
	rl := ld.ResourceLogs().At(0)
	record := rl.ScopeLogs().At(0).LogRecords().At(0)
	switch p.place {
	case "log_body":
		return record.Body().AsRaw()
	case "log_map":
		return p.out(record.Body().Map())
	case "log_record":
		return p.out(record.Attributes())
	case "logs_resource":
		return p.out(rl.Resource().Attributes())
	}
	return p.out(rl.ScopeLogs().At(0).Scope().Attributes())
}

func (p planted) intoTraces(t *testing.T, td ptrace.Traces) {
	rs := td.ResourceSpans().AppendEmpty()
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.Events().AppendEmpty()
	span.Links().AppendEmpty()
	switch p.place {
	case "span_name":
		span.SetName(fmt.Sprint(p.value))
	case "span_status":
		span.Status().SetMessage(fmt.Sprint(p.value))
	case "event_name":
		span.Events().At(0).SetName(fmt.Sprint(p.value))
	default:
		at, known := tracePlaces(td)[p.place]
		if !known {
			t.Fatalf("no place %q", p.place)
		}
		p.put(t, at)
	}
}

func (p planted) outOfTraces(td ptrace.Traces) any {
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	switch p.place {
	case "span_name":
		return span.Name()
	case "span_status":
		return span.Status().Message()
	case "event_name":
		return span.Events().At(0).Name()
	}
	return p.out(tracePlaces(td)[p.place])
}

func tracePlaces(td ptrace.Traces) map[string]pcommon.Map {
	rs := td.ResourceSpans().At(0)
	span := rs.ScopeSpans().At(0).Spans().At(0)
	return map[string]pcommon.Map{
		"resource":   rs.Resource().Attributes(),
		"scope":      rs.ScopeSpans().At(0).Scope().Attributes(),
		"span":       span.Attributes(),
		"span_event": span.Events().At(0).Attributes(),
		"span_link":  span.Links().At(0).Attributes(),
	}
}
