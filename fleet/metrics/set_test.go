package metrics_test

import (
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet/metrics"
)

const text = `# HELP otelcol_exporter_queue_size Current size of the retry queue
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_failover"} 1.5e+06
otelcol_exporter_queue_size{data_type="logs",exporter="otlp_failover"} 500000
otelcol_exporter_queue_size{data_type="logs",exporter="awss3/logs"} NaN
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 3
seconds_sum 1
seconds_count 3
untyped{path="a \"b\" \\ c"} 4
`

func TestRead(t *testing.T) {
	set, err := metrics.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		match metrics.Labels
		sum   float64
		found bool
	}{
		{"otelcol_exporter_queue_size", nil, 2e6, true},
		{"otelcol_exporter_queue_size", metrics.Labels{"data_type": "traces"}, 1.5e6, true},
		{"otelcol_exporter_queue_size", metrics.Labels{"data_type": "metrics"}, 0, false},
		{"otelcol_exporter_queue_size", metrics.Labels{"exporter": "awss3/logs"}, 0, false},
		{"untyped", metrics.Labels{"path": `a "b" \ c`}, 4, true},
		{"seconds", nil, 0, false},
		{"none", nil, 0, false},
	} {
		if sum, found := set.Sum(test.name, test.match); sum != test.sum || found != test.found {
			t.Errorf("%s %v: %v, %v", test.name, test.match, sum, found)
		}
	}
	if sum, found := (metrics.Set{}).Sum("x", nil); sum != 0 || found {
		t.Error("the empty set has a value")
	}
}

func TestReadMistakes(t *testing.T) {
	for name, text := range map[string]string{
		"no metrics": "<html>\n",
		"endless":    strings.Repeat("# a comment that says nothing\n", 300_000),
	} {
		if _, err := metrics.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
