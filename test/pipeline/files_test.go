package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
)

// TestContainerLogFiles reads log files in containerd's format. Multi-line messages must become one record, and JSON must
// become attributes. Only selected namespaces may be read.
func TestContainerLogFiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a Collector; run without -short")
	}
	vendor, region, root := logRegion(t, `namespaces: [shop, "team-*"], excludeNamespaces: [team-quiet], firstLine: '^(\{|\d{4}-)', json: true`)
	line := func(namespace string, texts ...string) {
		var all strings.Builder
		for _, text := range texts {
			fmt.Fprintf(&all, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), text)
		}
		write(t, containerLog(root, namespace), all.String())
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

// TestContainerLogsSurviveKills kills a node's Collector repeatedly while a container writes lines. Each line must arrive.
// Lines that were read before a kill, but not yet recorded as read, may arrive twice.
func TestContainerLogsSurviveKills(t *testing.T) {
	t.Parallel()
	onlyWithFaults(t)
	vendor, region, root := logRegion(t, `namespaces: [shop]`)
	const kills, perKill, everySecond = 5, 300, 300
	path := containerLog(root, "shop")
	write(t, path, "")
	written, stop := 0, make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		tick := time.NewTicker(time.Second / everySecond)
		defer tick.Stop()
		for ; ; written++ {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				fmt.Fprintf(f, "%s stdout F line %d\n", now.UTC().Format(time.RFC3339Nano), written)
			}
		}
	})
	for range kills {
		region.Start(t)
		before := len(vendor.Records())
		Await(t, Patience, "lines of the container", func() bool { return len(vendor.Records()) > before+perKill })
		region.Kill(t)
	}
	region.Start(t)
	close(stop)
	writer.Wait()
	times := map[string]int{}
	Await(t, Patience, "all lines", func() bool {
		clear(times)
		for _, r := range vendor.Records() {
			times[r.Body.GetStringValue()]++
		}
		return len(times) == written
	})
	twice := 0
	for _, n := range times {
		twice += n - 1
	}
	t.Logf("%d lines, %d kills: 0 lost, %d twice", written, kills, twice)
	if limit := kills * everySecond; twice > limit {
		t.Errorf("%d lines arrived twice, want at most %d", twice, limit)
	}
}

// logRegion returns a region, not yet started, that reads the log files below root and sends them to a vendor.
func logRegion(t *testing.T, logFiles string) (vendor *Vendor, region *Node, root string) {
	t.Helper()
	p := newPlant(t)
	vendor, root = p.StartVendor(t), t.TempDir()
	values := RegionValues([2]string{p.Address() + ":4318", p.Address() + ":4318"}) + fmt.Sprintf(`
regional:
  containerLogs: true
  logFiles: {%s}
  destinations: [{name: vendor, protocol: otlp_http, endpoint: %q, signals: [logs]}]
`, logFiles, vendor.URL)
	region = p.Install(t, Installed{Name: "region", Values: values, Collector: Regional, Region: "us-east-1"})
	config, err := os.ReadFile(region.run.Configs[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, region.run.Configs[0], strings.NewReplacer("/var/log/pods", root, "start_at: end", "start_at: beginning").Replace(string(config)))
	region.run.Env = append(region.run.Env, "SSL_CERT_FILE="+p.Certificates()+"/ca.crt")
	return vendor, region, root
}

func containerLog(root, namespace string) string {
	return filepath.Join(root, namespace+"_web_2f0c7b5e-1c5e-4e0d-9f59-0a3a1f1d0c11", "server", "0.log")
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
