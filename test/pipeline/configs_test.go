package pipeline

import (
	"testing"

	"github.com/telepod/telepod/test/collector"
)

func TestConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := newPlant(t)
	stores := Stores{OTLP: "127.0.0.1:4317", S3: "127.0.0.1:9000", RemoteWrite: "127.0.0.1:9090", Kafka: "127.0.0.1:9092"}
	site, sites := CentralValues(stores, 1), CentralValues(stores, 3)
	for name, config := range map[string]string{
		"region":  p.Render(t, RegionValues([2]string{"127.0.0.1:1", "127.0.0.1:2"}), Regional),
		"central": p.Render(t, site, Central),
		"gateway": p.Render(t, sites, Central),
		"sampler": p.Render(t, sites, Sampler),
	} {
		n := p.node(name, []string{config})
		if err := collector.Validate(t.Context(), n.run); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		n.run.Configs = append(n.run.Configs, "yaml:receivers::otlp_mux::no_such_key: 1")
		if err := collector.Validate(t.Context(), n.run); err == nil {
			t.Errorf("%s: an unknown key passed validation: the check is ineffective", name)
		}
	}
}

func TestSampleParsesAMetricLine(t *testing.T) {
	for _, c := range []struct {
		line   string
		labels []string
		want   float64
	}{
		{`sent_total{exporter="a",x="1"} 12`, []string{`exporter="a"`}, 12},
		{`sent_total{exporter="b"} 12`, []string{`exporter="a"`}, 0},
		{`sent_total 3`, nil, 3},
		{`sent_total_more{exporter="a"} 12`, nil, 0},
		{`# TYPE sent_total counter`, nil, 0},
	} {
		if got := sample(c.line, "sent_total", c.labels); got != c.want {
			t.Errorf("sample(%q) with %v is %v, want %v", c.line, c.labels, got, c.want)
		}
	}
}
