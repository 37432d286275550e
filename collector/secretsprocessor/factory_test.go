package secretsprocessor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestDefaultConfig(t *testing.T) {
	if err := componenttest.CheckConfigStruct(createDefaultConfig()); err != nil {
		t.Error(err)
	}
	if err := createDefaultConfig().(*Config).Validate(); err != nil {
		t.Error(err)
	}
}

func TestProcessorsMutateData(t *testing.T) {
	set := processortest.NewNopSettings(NewFactory().Type())
	proc, err := NewFactory().CreateLogs(t.Context(), set, createDefaultConfig(), consumertest.NewNop())
	check(t, err)
	if !proc.Capabilities().MutatesData {
		t.Error("the processor changes data but does not report it: another pipeline would see the changes")
	}
}

func TestConfigErrors(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		want string
	}{
		{Config{Level: "high"}, `level: unknown level "high"; use standard or strict`},
		{Config{Level: Strict, MoreKeys: []string{"ours", ""}}, `more_keys[1]: key "" has no letter or digit`},
		{Config{Level: Strict, Keys: []string{"a*b"}}, `keys[0]: key "a*b": an asterisk is allowed only as the first character`},
		{Config{Level: Strict, KeepKeys: []string{strings.Repeat("a", 257)}}, `keep_keys[0]: key of 257 bytes`},
		{Config{Level: Strict, Keys: make([]string, 1001)}, "1001 entries; at most 1000"},
	} {
		if err := test.cfg.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.cfg, err, test.want)
		}
	}
}

// TestConfiguredKeys adds, replaces and keeps keys.
func TestConfiguredKeys(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		key  string
		gone bool
	}{
		{Config{MoreKeys: []string{"it's.ours"}}, "It's-Ours", true},
		{Config{MoreKeys: []string{"it's.ours"}}, "password", true},
		{Config{MoreKeys: []string{"x"}}, "mean.x", true},
		{Config{MoreKeys: []string{"x"}}, "max", false},
		{Config{MoreKeys: []string{"*number"}}, "cardnumber", true},
		{Config{MoreKeys: []string{"number"}}, "cardnumber", false},
		{Config{Keys: []string{"ours"}}, "password", false},
		{Config{Keys: []string{"ours"}}, "ours", true},
		{Config{KeepKeys: []string{"page_token"}}, "request.pageToken", false},
		{Config{KeepKeys: []string{"page_token"}}, "token", true},
		{Config{KeepKeys: []string{"page_token"}}, "process.environment_variable.PWD", false},
	} {
		test.cfg.Level = Standard
		if test.cfg.Keys == nil {
			test.cfg.Keys = defaultKeys()
		}
		check(t, test.cfg.Validate())
		out := planted{place: "span", key: test.key, value: "v"}.through(t, &test.cfg)
		if gone := out == nil; gone != test.gone {
			t.Errorf("%+v: %s is gone: %v", test.cfg, test.key, gone)
		}
	}
}

// TestKeepKeysApplyInsideStrings checks keep_keys in text and in URLs.
func TestKeepKeysApplyInsideStrings(t *testing.T) {
	r := newRules(&Config{Level: Strict, Keys: defaultKeys(), KeepKeys: []string{"page_token"}})
	const text = "/list?pageToken=abc page_token=abc"
	if got, n := r.clean("", text); n > 0 {
		t.Errorf("%q becomes %q", text, got)
	}
}

// TestDeepValuesAreMasked checks that a sender cannot hide a secret below the maximum depth.
func TestDeepValuesAreMasked(t *testing.T) {
	deep := pcommon.NewValueStr("Bearer 0a1b2c3d4e5f6a7b")
	for range 10_000 {
		outer := pcommon.NewValueMap()
		deep.MoveTo(outer.Map().PutEmpty("a"))
		deep = outer
	}
	ld := plog.NewLogs()
	record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	deep.MoveTo(record.Body())
	p := rulesOf(Standard).newPass()
	p.logs(ld)
	v, depth := record.Body(), 0
	for v.Type() == pcommon.ValueTypeMap {
		v, _ = v.Map().Get("a")
		depth++
	}
	if depth != maxDepth || v.Str() != mask || p.counts[placeLogBody].masked != 1 {
		t.Errorf("%q at depth %d, counted %+v", v.AsString(), depth, p.counts[placeLogBody])
	}
}

// TestFindingsAreCounted checks the counts by place and action.
func TestFindingsAreCounted(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { _ = telemetry.Shutdown(t.Context()) })
	set := processortest.NewNopSettings(NewFactory().Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	proc, err := NewFactory().CreateTraces(t.Context(), set, createDefaultConfig(), consumertest.NewNop())
	check(t, err)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("password", "x")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.Attributes().PutStr("token", "x")
	span.Attributes().PutStr("url.full", "https://a:b@c/?token=x&password=y")
	span.SetName("GET /?token=x")
	check(t, proc.ConsumeTraces(t.Context(), td))

	found, err := telemetry.GetMetric("otelcol_processor_secrets_found")
	check(t, err)
	got := map[string]int64{}
	for _, point := range found.Data.(metricdata.Sum[int64]).DataPoints {
		place, _ := point.Attributes.Value("place")
		action, _ := point.Attributes.Value("action")
		level, _ := point.Attributes.Value("level")
		got[level.AsString()+" "+place.AsString()+" "+action.AsString()] = point.Value
	}
	want := map[string]int64{"standard resource deleted": 1, "standard span deleted": 1, "standard span masked": 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
