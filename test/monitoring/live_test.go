package monitoring_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/browser"
	"github.com/telepod/telepod/test/monitoring"
	"github.com/telepod/telepod/test/pipeline"
)

var (
	update = flag.Bool("update", false, "write the metrics of the run to testdata/metrics.txt")
	page   = flag.String("page", "", "write the drawn dashboards to this file")
)

// place is the location of a region or site.
type place struct{ provider, region string }

var places = []place{{"aws", "us-east-1"}, {"gcp", "europe-west1"}, {"azure", "eastasia"}}

// TestLive runs three regions, two sites, the webhook and Prometheus, breaks the primary for a while, and
// runs every query of the dashboards and rules.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors and Prometheus; run without -short")
	}
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed: apt-get install prometheus")
	}
	plant := pipeline.NewPlant(t)
	webhook, admit := startWebhook(t)
	prometheus := startPrometheus(t, program, plant.Address(), webhook)
	primary := site(t, plant, prometheus, "primary", places[0]).Start(t)
	backup := site(t, plant, prometheus, "backup", places[1]).Start(t)
	var loads []*pipeline.Sender
	var regions []*pipeline.Node
	for i, p := range places {
		regions = append(regions, region(t, plant, p, primary, backup).Start(t))
		loads = append(loads, pipeline.SendLoad(t, pipeline.Load{Endpoint: regions[i].Address + ":4317", Rate: 40, Batch: 20}))
	}
	value := func(query string) float64 { return instant(t, prometheus, query) }
	pipeline.Await(t, pipeline.Patience, "every region at the primary", func() bool { return value("count(telepod:on_backup:bool == 0)") == 3 })
	primary.Kill(t)
	pipeline.Await(t, 5*time.Minute, "every region at the backup", func() bool { return value("sum(telepod:on_backup:bool)") == 3 })
	primary.Start(t)
	pipeline.Await(t, 2*time.Minute, "spans at the primary again", func() bool { return primary.Accepted(pipeline.Traces) > 0 })

	pipeline.Await(t, pipeline.Patience, "spans after the decision", func() bool {
		sendLateSpan(t, regions[0])
		return value("sum(otelcol_processor_tail_sampling_early_releases_from_cache_decision_total)") > 0
	})
	result := checked(t, prometheus, admit)
	compareMetrics(t, prometheus)
	for what, query := range map[string]string{
		"a cloud, a region and a cluster": `count({job=~"telepod-.+", __name__!="target_info", cloud_provider=""} or {job=~"telepod-.+", __name__!="target_info", cloud_region=""} or {job=~"telepod-.+", __name__!="target_info", k8s_cluster_name=""})`,
		"a site":                          `count({job="telepod-central", __name__=~"(otelcol|http)_.+", telepod_central_site=""})`,
	} {
		if without := value(query); without != 0 {
			t.Errorf("%v series do not have the labels of %s", without, what)
		}
	}
	t.Logf("a region's Collector exposes %v of its own series", value(`count({job="telepod-regional", k8s_cluster_name="shop-aws"})`))
	// The same service, pod and metric in three clusters makes three series, each with its own labels.
	const named = `count(count by (cloud_provider, cloud_region, k8s_cluster_name) (telepod_test_sequence{k8s_pod_name!="", k8s_namespace_name!=""}))`
	if clusters := value(named); clusters != 3 {
		t.Errorf("a metric that three clusters send has the labels of %v clusters", clusters)
	}
	if bare := value(`count(telepod_test_sequence{k8s_cluster_name=""})`); bare != 0 {
		t.Errorf("%v series of applications do not have a cluster", bare)
	}
	t.Run("in a browser", func(t *testing.T) {
		// Debian's package has the classic pages of Prometheus 2.
		table := prometheus + "/classic/graph?g0.tab=1&g0.expr=" + url.QueryEscape("count by (k8s_cluster_name) (telepod_test_sequence)")
		pipeline.Await(t, pipeline.Patience, "a page with the clusters", func() bool {
			seen := browser.ForTest(t, table)
			return strings.Contains(seen, `{k8s_cluster_name="shop-aws"}`) && strings.Contains(seen, `{k8s_cluster_name="shop-gcp"}`)
		})
	})
	if *page != "" {
		draw(t, result)
	}
	for _, load := range loads {
		load.Stop()
	}
	reconcile(t, value, loads)
	testCounts(t, plant, prometheus, regions, []*pipeline.Node{primary, backup})
}

// sendLateSpan sends another span of the same trace; from the second call on, the trace has been sampled.
func sendLateSpan(t *testing.T, region *pipeline.Node) {
	t.Helper()
	sendOTLP(t, region, pipeline.Traces, fmt.Sprintf(`{"resourceSpans": [{"scopeSpans": [{"spans": [{
		"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "%016x", "name": "late", "status": {"code": 2}}]}]}]}`, time.Now().UnixNano()))
}

// checked retries for up to a minute until every query has data.
func checked(t *testing.T, prometheus string, admit func()) monitoring.Result {
	t.Helper()
	for start := time.Now(); ; <-time.After(5 * time.Second) {
		admit()
		result, err := monitoring.Check(t.Context(), prometheus)
		if err != nil {
			t.Fatal(err)
		}
		missing := result.WithoutData()
		if len(missing) == 0 {
			return result
		}
		if time.Since(start) > time.Minute {
			t.Errorf("no data for\n%s", strings.Join(missing, "\n"))
			return result
		}
	}
}

// reconcile compares the metrics with the load: each item that a region accepted was delivered to a site,
// dropped by sampling, or excluded from a site by a rule.
func reconcile(t *testing.T, value func(string) float64, loads []*pipeline.Sender) {
	t.Helper()
	sent := 0.0
	for _, load := range loads {
		sent += float64(load.Acked(pipeline.Logs))
	}
	const received = `sum(otelcol_receiver_produced_items_total{telepod_central_site="", otel_scope_otelcol_component_id="otlp_mux", otelcol_component_outcome="success", otel_scope_otelcol_signal=%q})`
	pipeline.Await(t, pipeline.Patience, fmt.Sprint(sent, " log records received by regions"), func() bool {
		return value(fmt.Sprintf(received, pipeline.Logs)) == sent
	})
	for _, signal := range []string{pipeline.Traces, pipeline.Logs} {
		const gone = `sum(otelcol_exporter_failover_delivered_items_total{signal=%[1]q})
			+ (sum(otelcol_exporter_failover_filtered_items_total{signal=%[1]q}) or vector(0))
			+ (sum(otelcol_processor_incoming_items_total{processor="probabilistic_sampler", otel_signal=%[1]q} - otelcol_processor_outgoing_items_total{processor="probabilistic_sampler", otel_signal=%[1]q}) or vector(0))`
		pipeline.Await(t, pipeline.Patience, "all "+signal+" of the regions accounted for", func() bool {
			return value(fmt.Sprintf(gone, signal)) == value(fmt.Sprintf(received, signal))
		})
	}
}

// goRuntime matches the metrics of every Go program.
var goRuntime = regexp.MustCompile("^(go|process|promhttp)_")

// compareMetrics compares the committed list with the metrics that Collectors and webhook really expose.
func compareMetrics(t *testing.T, prometheus string) {
	t.Helper()
	var names []string
	get(t, prometheus+"/api/v1/label/__name__/values?match[]="+url.QueryEscape(`{job=~"telepod-.+"}`), &names)
	names = append(names, spanMetrics(t, prometheus)...)
	faults := faultMetrics(t)
	names = slices.DeleteFunc(names, func(name string) bool {
		return strings.Contains(name, ":") || goRuntime.MatchString(name) || slices.Contains(faults, name)
	})
	slices.Sort(names)
	file := filepath.Join("testdata", "metrics.txt")
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(slices.Compact(names), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range committedMetrics(t) {
		if !slices.Contains(names, name) {
			t.Errorf("%s lists %s, which is no longer exposed: remove it, or find out why", file, name)
		}
	}
}

func spanMetrics(t *testing.T, prometheus string) (names []string) {
	t.Helper()
	get(t, prometheus+"/api/v1/label/__name__/values?match[]="+url.QueryEscape(`{__name__=~"traces_span_metrics_.+"}`), &names)
	return names
}

func committedMetrics(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "metrics.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(raw))
}

func draw(t *testing.T, result monitoring.Result) {
	t.Helper()
	file, err := os.Create(*page)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := result.WriteHTML(file); err != nil {
		t.Fatal(err)
	}
}
