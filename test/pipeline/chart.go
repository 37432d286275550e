package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/helm"
)

// installation contains the chart values that all installations of a plant share.
const installation = `
cloud: {provider: other, region: us-east-1}
cluster: {name: test}
environment: test
injector: {enabled: false}
`

// The Collectors of the chart, by the names of their ConfigMaps.
const (
	Regional = "telepod-collector"
	Central  = "telepod-central"
	Sampler  = "telepod-sampler"
	Reporter = "telepod-reporter"
	Scraper  = "telepod-scraper"
)

// RegionValues returns the values of a region that sends to these two addresses, host:port.
func RegionValues(central [2]string) string {
	return installation + fmt.Sprintf("central: {primary: %q, backup: %q}\n", central[0], central[1])
}

// CentralValues returns the values of a central site.
func CentralValues(s Stores, replicas int) string {
	return installation + fmt.Sprintf(`
regional: {enabled: false}
central:
  enabled: true
  primary: primary.example.com:4318
  backup: backup.example.com:4318
  replicas: %d
  jaeger: %s
  prometheus: http://%s/api/v1/write
  archive: {bucket: archive, region: us-east-1, endpoint: "http://%s"}
  kafka: {brokers: [%q]}
`, replicas, s.OTLP, s.RemoteWrite, s.S3, s.Kafka)
}

// offCluster removes everything from a region's configuration that needs the Kubernetes API.
const offCluster = "yaml:processors: {k8s_attributes: {auth_type: none, passthrough: true}, sender_identity: {auth_type: none}}"

// testArchive returns configuration with a short write interval of the archive, so tests need not wait long.
func testArchive() []string {
	return []string{
		"yaml:connectors::spool/archive::sending_queue::batch::flush_timeout: 1s",
	}
}

// gates are the feature gates of the chart's pods.
var gates = []string{"telemetry.newPipelineTelemetry", "exporter.prometheusremotewritexporter.RetryOn429", "stanza.synchronousLogEmitter"}

// Render renders the chart with Helm and returns --config for one of its Collectors.
func (p *Plant) Render(t testing.TB, values, collector string) string {
	t.Helper()
	cli, chart := helm.ForTest(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "values.yaml")
	// The chart rejects sites on loopback, where a plant's processes run, so it gets names instead.
	if err := os.WriteFile(file, []byte(onLoopback.ReplaceAllString(values, "at-$1-$2-$3-$4.example.com")), 0o644); err != nil {
		t.Fatal(err)
	}
	rendered, err := cli.Run(t.Context(), "template", "telepod", chart, "--namespace", "telepod", "--values", file)
	if err != nil {
		t.Fatal(err)
	}
	rendered = byName.ReplaceAllString(rendered, "$1.$2.$3.$4")
	config := filepath.Join(dir, "collector.yaml")
	if err := os.WriteFile(config, []byte(configOf(t, rendered, collector)), 0o644); err != nil {
		t.Fatal(err)
	}
	return config
}

var (
	onLoopback = regexp.MustCompile(`\b(127)\.(\d+)\.(\d+)\.(\d+)\b`)
	byName     = regexp.MustCompile(`\bat-(127)-(\d+)-(\d+)-(\d+)\.example\.com\b`)
)

// configOf finds a Collector's configuration among the rendered objects.
func configOf(t testing.TB, rendered, name string) string {
	t.Helper()
	for _, document := range strings.Split(rendered, "\n---\n") {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatalf("parse the rendered chart: %v", err)
		}
		if object.Kind == "ConfigMap" && object.Metadata.Name == name {
			return object.Data["collector.yaml"]
		}
	}
	t.Fatalf("the chart rendered no ConfigMap %s", name)
	return ""
}
