package monitoring_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/monitoring"
	"github.com/telepod/telepod/test/pipeline"
)

// startWebhook runs the webhook next to an API server. The returned function requests a dry-run admission of a
// pod with its own variable, an invalid annotation and a sidecar.
func startWebhook(t *testing.T) (*install.Webhook, func()) {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{})
	webhook, err := install.Process(t.Context(), c, install.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = webhook.Stop() }) // not part of the test
	return webhook, func() {
		_, err := c.Kubectl(t.Context(), "run", "shop", "--image=app", "--dry-run=server", "--env=OTEL_SERVICE_NAME=shop",
			"--annotations=telepod.dev/inject=true", "--annotations=telepod.dev/sidecar=true", "--annotations=telepod.dev/endpoint=nowhere",
			"--overrides", `{"spec": {"automountServiceAccountToken": false}}`)
		if err != nil {
			t.Error(err)
		}
	}
}

// startPrometheus runs a Prometheus like the central site's: it receives remote writes and evaluates the
// rules. It scrapes the webhook directly, with the labels that a regional Collector would add.
func startPrometheus(t *testing.T, program, host string, webhook *install.Webhook) (address string) {
	t.Helper()
	dir := t.TempDir()
	if err := monitoring.WriteRules(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(webhook.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`
global: {scrape_interval: 2s, evaluation_interval: 2s}
storage: {tsdb: {out_of_order_time_window: 30m}}
rule_files: [%s/*.yaml]
scrape_configs:
  - job_name: telepod-injector
    static_configs: [{targets: [%q], labels: {cloud_provider: aws, cloud_region: us-east-1, k8s_cluster_name: shop-aws}}]
`, dir, target.Host)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+host+":9090", "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage", "--log.level=warn")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	address = "http://" + host + ":9090"
	pipeline.Await(t, pipeline.Patience, "Prometheus", func() bool {
		return await.OK(t.Context(), address+"/-/ready") == nil
	})
	return address
}

func site(t *testing.T, plant *pipeline.Plant, prometheus, role string, p place) *pipeline.Node {
	t.Helper()
	stores := plant.Direct()
	return plant.Install(t, pipeline.Installed{Name: role, Region: p.region, Collector: pipeline.Central, Values: fmt.Sprintf(`
cloud: {provider: %s, region: %s}
cluster: {name: central-%s}
injector: {enabled: false}
collector: {metrics: {interval: 2s}}
regional: {enabled: false}
central:
  enabled: true
  role: %s
  primary: primary.example.com:4318
  backup: backup.example.com:4318
  jaeger: %s
  prometheus: %s/api/v1/write
  archive: {bucket: archive, region: us-east-1, endpoint: "http://%s"}
  kafka: {brokers: [%q]}
  spanMetrics: {maxSeriesPerService: %d}
`, p.provider, p.region, role, role, stores.OTLP, prometheus, stores.S3, stores.Kafka, namesLimit),
		Configs: []string{"yaml:connectors::span_metrics::metrics_flush_interval: 5s"}})
}

func region(t *testing.T, plant *pipeline.Plant, p place, primary, backup *pipeline.Node) *pipeline.Node {
	t.Helper()
	return plant.Install(t, pipeline.Installed{Name: "node-" + p.provider, Region: p.region, Collector: pipeline.Regional, Values: fmt.Sprintf(`
cloud: {provider: %s, region: %s}
cluster: {name: shop-%s}
injector: {enabled: false}
collector: {metrics: {interval: 2s}}
central: {primary: "%s:4318", backup: "%s:4318"}
regional:
  samplePercent: 60
  sovereignty: [{action: drop, attribute: service.name, values: [service-0, service-2, service-4, service-6, service-8, service-10], destinations: [backup]}]
`, p.provider, p.region, p.provider, primary.Address, backup.Address)})
}

// instant returns a query's current value, or 0 without data.
func instant(t *testing.T, prometheus, query string) float64 {
	t.Helper()
	var data struct {
		Result []struct{ Value [2]json.RawMessage }
	}
	get(t, prometheus+"/api/v1/query?query="+url.QueryEscape(query), &data)
	if len(data.Result) != 1 {
		return 0
	}
	value, err := strconv.ParseFloat(strings.Trim(string(data.Result[0].Value[1]), `"`), 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func get(t *testing.T, from string, data any) {
	t.Helper()
	response, err := http.Get(from)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer := struct {
		Error string
		Data  any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != "" {
		t.Fatalf("%s: %s", from, answer.Error)
	}
}
