package cost_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/test/monitoring"
)

// demand returns a demand of three clusters, one in the cloud of the site.
func demand() cost.Demand {
	return cost.Demand{Spans: 2000, Logs: 500, Points: 1000, SpanBytes: 550, LogBytes: 400, PointBytes: 200, Compressed: 0.2,
		Clusters: map[string]int{"aws": 1, "gcp": 1, "azure": 1}, Site: "aws", ArchiveMonths: cost.ArchivedMonths, Kept: 0.25, TraceDays: cost.DaysOfTraces,
		Destinations: []cost.Destination{{Name: "vendor", Signals: []string{"traces", "logs"}, PerGigabyte: 1}}}
}

// TestEstimateMatchesRules feeds the volumes of a demand into the chart's rules, as Collectors would count
// them: Prometheus computes the same cost as the estimate.
func TestEstimateMatchesRules(t *testing.T) {
	if testing.Short() {
		t.Skip("runs promtool and Helm; run without -short")
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	prices, err := cost.ListPrices()
	if err != nil {
		t.Fatal(err)
	}
	d := demand()
	estimate, err := prices.Estimate(d)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := monitoring.WriteRules(t.Context(), dir, "cost.destinations.vendor=1"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "test.yaml")
	if err := os.WriteFile(file, []byte(ruleTest(d, estimate)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s\n%s", err, out, ruleTest(d, estimate))
	}
}

// ruleTest is a test for promtool.
func ruleTest(d cost.Demand, e cost.Estimate) string {
	var b strings.Builder
	b.WriteString("rule_files: [prices.yaml, volume.yaml, cost.yaml]\nevaluation_interval: 30s\ntests:\n  - interval: 30s\n    input_series:\n")
	counter := func(series string, perSecond float64) {
		fmt.Fprintf(&b, "      - {series: '%s', values: '0+%gx80'}\n", series, perSecond*30)
	}
	n := float64(len(d.Clusters))
	for cloud := range d.Clusters {
		for signal, bytes := range map[string]float64{"traces": d.Spans * d.SpanBytes / n, "logs": d.Logs * d.LogBytes / n, "metrics": d.Points * d.PointBytes / n} {
			labels := fmt.Sprintf(`{cloud_provider="%s", cloud_region="r", k8s_cluster_name="%s", exporter="otlp_failover", signal="%s", endpoint="primary"}`, cloud, cloud, signal)
			counter("otelcol_exporter_failover_delivered_bytes_total"+labels, bytes)
			counter("otelcol_exporter_failover_sent_bytes_total"+labels, bytes*d.Compressed)
		}
	}
	const site = `telepod_central_site="primary"`
	spans := d.Spans * d.SpanBytes
	counter(`otelcol_process_uptime_seconds_total{`+site+`, cloud_provider="`+d.Site+`", cloud_region="r", k8s_cluster_name="c", job="telepod-central", instance="c/0"}`, 1)
	counter(`otelcol_receiver_produced_size_total{`+site+`, otel_scope_otelcol_component_id="otlp_mux", otel_scope_otelcol_signal="traces", otelcol_component_outcome="success", job="telepod-central"}`, spans)
	counter(`otelcol_exporter_consumed_size_total{`+site+`, otel_scope_otelcol_component_id="awss3/traces", otel_scope_otelcol_signal="traces", otelcol_component_outcome="success"}`, spans)
	counter(`otelcol_exporter_consumed_size_total{`+site+`, otel_scope_otelcol_component_id="otlp_grpc/jaeger", otel_scope_otelcol_signal="traces", otelcol_component_outcome="success"}`, spans*d.Kept)
	for signal, bytes := range map[string]float64{"traces": spans, "logs": d.Logs * d.LogBytes} {
		counter(`otelcol_exporter_consumed_size_total{`+site+`, otel_scope_otelcol_component_id="otlp_failover/vendor", otel_scope_otelcol_signal="`+signal+`", otelcol_component_outcome="success"}`, bytes)
	}
	sums := map[string]float64{}
	for _, part := range e.Parts {
		cloud := part.Cloud
		if part.Of != "egress" {
			cloud = "" // the rules divide it among the senders
		}
		sums[fmt.Sprintf(`{of="%s", cloud_provider="%s"}`, part.Of, cloud)] += part.Dollars
	}
	b.WriteString("    promql_expr_test:\n")
	const month = "telepod:dollars:rate5m{of%s\"egress\"}) * %d, 0.01)"
	for expr, egress := range map[string]bool{
		"round(sum by (of, cloud_provider) (" + fmt.Sprintf(month, "=", cost.SecondsOfMonth): true,
		"round(sum by (of) (" + fmt.Sprintf(month, "!=", cost.SecondsOfMonth):                false,
	} {
		fmt.Fprintf(&b, "      - expr: %s\n        eval_time: 30m\n        exp_samples:\n", expr)
		for labels, dollars := range sums {
			if strings.Contains(labels, `"egress"`) == egress {
				fmt.Fprintf(&b, "          - {labels: '%s', value: %.2f}\n", strings.Replace(labels, `, cloud_provider=""`, "", 1), dollars)
			}
		}
	}
	return b.String()
}

func TestEstimate(t *testing.T) {
	prices, err := cost.ListPrices()
	if err != nil || prices.AsOf == "" || len(prices.Clouds) != 3 {
		t.Fatalf("%+v, %v", prices, err)
	}
	sum := func(change func(*cost.Demand)) float64 {
		t.Helper()
		d := demand()
		change(&d)
		e, err := prices.Estimate(d)
		if err != nil {
			t.Fatal(err)
		}
		return e.Dollars
	}
	whole := sum(func(*cost.Demand) {})
	for name, change := range map[string]func(*cost.Demand){
		"no archive":                        func(d *cost.Demand) { d.ArchiveMonths = 0 },
		"a shorter archive":                 func(d *cost.Demand) { d.ArchiveMonths = 1 },
		"no trace store":                    func(d *cost.Demand) { d.TraceDays = 0 },
		"a week of traces":                  func(d *cost.Demand) { d.TraceDays = 7 },
		"fewer spans kept":                  func(d *cost.Demand) { d.Kept = 0.1 },
		"all in one cloud":                  func(d *cost.Demand) { d.Clusters = map[string]int{"aws": 3} },
		"better compression":                func(d *cost.Demand) { d.Compressed = 0.1 },
		"fewer log records":                 func(d *cost.Demand) { d.Logs = 0 },
		"no metrics":                        func(d *cost.Demand) { d.Points = 0 },
		"a cheaper destination":             func(d *cost.Demand) { d.Destinations[0].PerGigabyte = 0.2 },
		"a sampled destination":             func(d *cost.Demand) { d.Destinations[0].Sampled = true },
		"no destination":                    func(d *cost.Demand) { d.Destinations = nil },
		"more clusters in the site's cloud": func(d *cost.Demand) { d.Clusters["aws"] = 5 },
	} {
		if got := sum(change); got <= 0 || got >= whole {
			t.Errorf("%s: %v, want less than %v", name, got, whole)
		}
	}
	own, err := prices.With([]byte("cost: {asOf: contract, prices: {aws: {egress: 1, egressSameCloud: 1, archive: 1, archiveCold: 1, traceStore: 1}}}"))
	if err != nil || own.AsOf != "contract" || own.Clouds["aws"].Egress != 1 || own.Clouds["gcp"] != prices.Clouds["gcp"] {
		t.Errorf("own prices %+v, %v", own, err)
	}
}

func TestEstimateMistakes(t *testing.T) {
	prices, err := cost.ListPrices()
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*cost.Demand){
		`no prices for cloud "ibm", only for aws, azure, gcp`: func(d *cost.Demand) { d.Site = "ibm" },
		`no prices for cloud "oci"`:                           func(d *cost.Demand) { d.Clusters["oci"] = 1 },
		"estimate: spans: -1 is out of range":                 func(d *cost.Demand) { d.Spans = -1 },
		"estimate: compressed size: 2 is out of range":        func(d *cost.Demand) { d.Compressed = 2 },
		"estimate: 0 clusters in aws":                         func(d *cost.Demand) { d.Clusters["aws"] = 0 },
		`price of destination "vendor": -1`:                   func(d *cost.Demand) { d.Destinations[0].PerGigabyte = -1 },
		"estimate: there are no clusters":                     func(d *cost.Demand) { d.Clusters = nil },
		"estimate: bytes of a span: 1e+300":                   func(d *cost.Demand) { d.SpanBytes = 1e300 },
		"estimate: share of spans that are kept: 25 is out":   func(d *cost.Demand) { d.Kept = 25 },
	} {
		d := demand()
		change(&d)
		if _, err := prices.Estimate(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
