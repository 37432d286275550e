package archivefolderprocessor

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

// filed counts resources by the folder of their request, and checks that each request has one folder.
type filed struct {
	t       *testing.T
	folders map[string]int
}

func (*filed) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (f *filed) file(ctx context.Context, resource pcommon.Resource, n int) {
	folder := client.FromContext(ctx).Metadata.Get(MetadataKey)
	if len(folder) != 1 {
		f.t.Fatalf("a request has the folders %q, want one", folder)
	}
	provider, _ := resource.Attributes().Get("cloud.provider")
	region, _ := resource.Attributes().Get("cloud.region")
	if folder[0] != provider.Str()+"/"+region.Str() && folder[0] != "unknown/unknown" {
		f.t.Errorf("a request for folder %q has a resource of %s/%s", folder, provider.Str(), region.Str())
	}
	f.folders[folder[0]] += n
}

func (f *filed) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	for _, rs := range td.ResourceSpans().All() {
		f.file(ctx, rs.Resource(), rs.ScopeSpans().At(0).Spans().Len())
	}
	return nil
}

func (f *filed) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	for _, rl := range ld.ResourceLogs().All() {
		f.file(ctx, rl.Resource(), rl.ScopeLogs().At(0).LogRecords().Len())
	}
	return nil
}

func traces(places ...[2]string) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, place := range places {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("cloud.provider", place[0])
		rs.Resource().Attributes().PutStr("cloud.region", place[1])
		rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	}
	return td
}

// fileTraces returns how many spans went to which folder.
func fileTraces(t *testing.T, cfg *Config, td ptrace.Traces) map[string]int {
	t.Helper()
	f := &filed{t: t, folders: map[string]int{}}
	p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(component.MustNewType("archive_folder")), cfg, f)
	if err != nil {
		t.Fatal(err)
	}
	td.MarkReadOnly() // as a fan-out does
	if err := p.ConsumeTraces(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	return f.folders
}

func TestFolders(t *testing.T) {
	hostile := [][2]string{
		{"aws", strings.Repeat("a", 1100)}, {"..", "us-east-1"}, {"../..", "x"}, {"aws", ".."}, {"aws", "a\x01b"},
		{"", ""}, {"aws", ""}, {"aws", "us-east-1/../../x"}, {"AWS", "US"}, {"aws", "us east"}, {"aws", "été"}, {"aws", "-x"},
	}
	got := fileTraces(t, defaultConfig().(*Config), traces(append(hostile, [2]string{"aws", "us-east-1"}, [2]string{"gcp", "europe-west1"}, [2]string{"aws", "us-east-1"})...))
	want := map[string]int{"unknown/unknown": len(hostile), "aws/us-east-1": 2, "gcp/europe-west1": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFoldersAreBounded(t *testing.T) {
	var many [][2]string
	for i := range 8000 {
		many = append(many, [2]string{"aws", fmt.Sprintf("region-%d", i)})
	}
	got := fileTraces(t, defaultConfig().(*Config), traces(many...))
	if len(got) != 65 || got["unknown/unknown"] != 8000-64 {
		t.Errorf("8,000 regions made %d folders, with %d spans in the fallback; want 65 and %d", len(got), got["unknown/unknown"], 8000-64)
	}
}

func TestOnlyAllowedFolders(t *testing.T) {
	cfg := defaultConfig().(*Config)
	cfg.Allowed = []string{"aws/us-east-1"}
	got := fileTraces(t, cfg, traces([2]string{"aws", "us-east-1"}, [2]string{"aws", "us-west-2"}))
	if diff := cmp.Diff(map[string]int{"aws/us-east-1": 1, "unknown/unknown": 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLogs(t *testing.T) {
	ld := plog.NewLogs()
	for _, region := range []string{"us-east-1", "../x"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("cloud.provider", "aws")
		rl.Resource().Attributes().PutStr("cloud.region", region)
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	}
	f := &filed{t: t, folders: map[string]int{}}
	p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(component.MustNewType("archive_folder")), defaultConfig(), f)
	if err != nil {
		t.Fatal(err)
	}
	ld.MarkReadOnly()
	if err := p.ConsumeLogs(t.Context(), ld); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"aws/us-east-1": 1, "unknown/unknown": 1}, f.folders); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigErrors(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"max_folders is 0": func(c *Config) { c.MaxFolders = 0 },
		`folder "../x"`:    func(c *Config) { c.Allowed = []string{"../x"} },
		`folder "unknown"`: func(c *Config) { c.Fallback = "unknown" },
	} {
		cfg := defaultConfig().(*Config)
		change(cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	if err := defaultConfig().(*Config).Validate(); err != nil {
		t.Error(err)
	}
}
