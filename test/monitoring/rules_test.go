package monitoring_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/monitoring"
)

// TestRules runs the unit tests in testdata/rules against the rendered rules.
func TestRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	tests, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, test := range tests {
		t.Run(filepath.Base(test), func(t *testing.T) {
			raw, err := os.ReadFile(test)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := monitoring.WriteRules(t.Context(), dir, "cost.monthlyBudget=1", "cost.destinations.vendor=5", "cost.destinations.nearby=1", "central.spanMetrics.maxServices=2"); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "test.yaml")
			if err := os.WriteFile(file, raw, 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			if out, err := exec.CommandContext(ctx, promtool, "test", "rules", file).CombinedOutput(); err != nil {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

// TestQueriesNameRealMetrics parses every query of dashboards and rules. Each metric in it must have been
// scraped from a Collector or the webhook, be recorded by a rule, or be one of [faultMetrics].
func TestQueriesNameRealMetrics(t *testing.T) {
	known := append(committedMetrics(t), faultMetrics(t)...)
	rules, err := monitoring.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	panels, err := monitoring.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, rule := range rules {
		known = append(known, rule.Record)
		queries = append(queries, rule.Expr)
	}
	for _, panel := range panels {
		for _, query := range panel.Queries {
			queries = append(queries, monitoring.PromQL(query.Expr))
		}
	}
	for i, names := range metricsOf(t, queries) {
		for _, name := range names {
			if !isKnown(known, name) {
				t.Errorf("nothing exposes the metric %s in %s", name, queries[i])
			}
		}
	}
}

// faultMetrics returns the metrics that only appear after a fault or a bad request. It checks that our own
// components' source contains theirs.
func faultMetrics(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("testdata/faults.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(raw))
	source := collectorSource(t)
	for _, name := range names {
		instrument := strings.TrimSuffix(name, "_total")
		// The exporter creates its instruments by the part after this prefix.
		short, own := strings.CutPrefix(instrument, "otelcol_exporter_failover_")
		own = own || strings.Contains(name, "_storage_") || strings.Contains(name, "_fan_out_")
		if own && !strings.Contains(source, `"`+short+`"`) {
			t.Errorf("testdata/faults.txt lists %s, but no component in collector creates it", name)
		}
	}
	return names
}

// collectorSource returns the source of our own Collector components.
func collectorSource(t *testing.T) string {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "collector", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(raw)
	}
	return text.String()
}

// isKnown reports whether a name is known. A pattern, /between slashes/, is known if it matches a known name.
func isKnown(known []string, name string) bool {
	pattern, found := strings.CutPrefix(name, "/")
	if !found {
		return slices.Contains(known, name)
	}
	pattern = strings.TrimSuffix(pattern, "/")
	matches := regexp.MustCompile("^(?:" + pattern + ")$")
	return slices.ContainsFunc(known, matches.MatchString)
}

// metricsOf finds the metrics in queries with Prometheus' own parser.
func metricsOf(t *testing.T, queries []string) [][]string {
	t.Helper()
	program, err := build.Binary(t.Context(), build.Spec{Name: "names", Module: "test/monitoring/names", Takes: "about 1 minute"})
	if err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	for _, query := range queries {
		if err := json.NewEncoder(&in).Encode(query); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program)
	var output bytes.Buffer
	cmd.Stdin, cmd.Stderr = &in, &output
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output.String())
	}
	all := make([][]string, len(queries))
	decoder := json.NewDecoder(bytes.NewReader(out))
	for i := range all {
		if err := decoder.Decode(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestAlerts checks that each alert has a runbook, and a unit test that names it.
func TestAlerts(t *testing.T) {
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	runbooks, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("testdata/rules/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := monitoring.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if rule.Alert == "" {
			continue
		}
		if !strings.Contains(string(runbooks), "\n### "+rule.Alert+"\n") {
			t.Errorf("docs/operations.md has no section %s", rule.Alert)
		}
		if want := "docs/operations.md#" + strings.ToLower(rule.Alert); !strings.HasSuffix(rule.Annotations["runbook_url"], want) {
			t.Errorf("%s links to %q, want %s", rule.Alert, rule.Annotations["runbook_url"], want)
		}
		if !strings.Contains(string(tests), `"`+rule.Alert+`"`) {
			t.Errorf("testdata/rules/alerts.yaml does not test %s", rule.Alert)
		}
	}
}
