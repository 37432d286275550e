package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
)

// Log files in containerd's format: multi-line messages become one record, JSON becomes attributes, and only
// selected namespaces are read.
func TestContainerLogFiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a Collector; run without -short")
	}
	p := newPlant(t)
	vendor := p.StartVendor(t)
	values := RegionValues([2]string{p.Address() + ":4318", p.Address() + ":4318"}) + fmt.Sprintf(`
regional:
  containerLogs: true
  logFiles: {namespaces: [shop, "team-*"], excludeNamespaces: [team-quiet], firstLine: '^(\{|\d{4}-)', json: true}
  destinations: [{name: vendor, protocol: otlp_http, endpoint: %q, signals: [logs]}]
`, vendor.URL)
	root := t.TempDir()
	region := p.Install(t, Installed{Name: "region", Values: values, Collector: Regional, Region: "us-east-1"})
	config, err := os.ReadFile(region.run.Configs[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, region.run.Configs[0], strings.NewReplacer("/var/log/pods", root, "start_at: end", "start_at: beginning").Replace(string(config)))
	region.run.Env = append(region.run.Env, "SSL_CERT_FILE="+p.Certificates()+"/ca.crt")
	line := func(namespace string, texts ...string) {
		var all strings.Builder
		for _, text := range texts {
			fmt.Fprintf(&all, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), text)
		}
		write(t, filepath.Join(root, namespace+"_web_2f0c7b5e-1c5e-4e0d-9f59-0a3a1f1d0c11", "server", "0.log"), all.String())
	}
	line("shop", `{"time":"2026-01-02T03:04:05Z","level":"ERROR","msg":"order failed","order":7,"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","password":"hunter2"}`,
		"2026-01-02 panic: nil map", "goroutine 1 [running]:", "main.main()", `{"not json`, "2026-01-02 next")
	line("team-a", "2026-01-02 of team a")
	line("team-quiet", "2026-01-02 of a quiet team")
	line("other", "2026-01-02 of others")
	region.Start(t)
	Await(t, Patience, "five records", func() bool { return len(vendor.Records()) >= 5 })
	byText := map[string]*logs.LogRecord{}
	for _, r := range vendor.Records() {
		byText[r.Body.GetStringValue()] = r
	}
	for _, want := range []string{"2026-01-02 panic: nil map\ngoroutine 1 [running]:\nmain.main()", `{"not json`, "2026-01-02 next", "2026-01-02 of team a"} {
		if byText[want] == nil {
			t.Errorf("no record %q", want)
		}
	}
	parsed := byText["order failed"]
	if parsed == nil {
		t.Fatalf("no record of the line in JSON among %v", vendor.Records())
	}
	if parsed.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_ERROR || parsed.TimeUnixNano != uint64(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano()) {
		t.Errorf("severity %v, time %v", parsed.SeverityNumber, parsed.TimeUnixNano)
	}
	if got := fmt.Sprintf("%x %x", parsed.TraceId, parsed.SpanId); got != "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331" {
		t.Errorf("trace and span are %s", got)
	}
	if strings.Contains(parsed.String(), "hunter2") {
		t.Error("the password left the region")
	}
	for text := range byText {
		if strings.Contains(text, "quiet") || strings.Contains(text, "others") {
			t.Errorf("%q is from a namespace that was not selected", text)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
