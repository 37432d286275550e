package estate

import (
	"strings"
	"testing"
)

func TestSum(t *testing.T) {
	const text = `# HELP otelcol_exporter_queue_size Current size
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc/loop"} 1.5e+03
otelcol_exporter_queue_size{data_type="logs",exporter="otlp_grpc/loop"} 500
otelcol_exporter_queue_size{data_type="logs",exporter="kafka"} 7
otelcol_exporter_queue_size_limit{exporter="otlp_grpc/loop"} 9
otelcol_receiver_accepted_spans_total{receiver="otlp"} 12 1700000000000
up 1
`
	for _, c := range []struct {
		name, label string
		want        float64
	}{
		{"otelcol_exporter_queue_size", `exporter="otlp_grpc/loop"`, 2000},
		{"otelcol_receiver_accepted_spans", `receiver="otlp"`, 12},
		{"otelcol_nothing", "", 0},
	} {
		if got, err := sum(strings.NewReader(text), c.name, c.label); err != nil || got != c.want {
			t.Errorf("%s with %s is %v, %v, want %v", c.name, c.label, got, err, c.want)
		}
	}
	if _, err := sum(strings.NewReader("a{b=\"c\"} many\n"), "a", ""); err == nil {
		t.Error("a value that is no number is a number")
	}
}

func TestOutcomeCounts(t *testing.T) {
	l := &Load{senders: []*sender{
		{sent: 20, acked: []uint64{1, 2, 3}, fails: map[string]int{"busy": 2}},
		{region: 1, sent: 10, acked: []uint64{1<<48 | 1}, fails: map[string]int{}},
	}}
	o := l.compare(map[uint64]int{1: 1, 2: 3, 1<<48 | 1: 1, 99: 1})
	if o.Sent != 30 || o.Acked != 4 || o.Archived != 3 || o.Lost != 1 || o.Extra != 2 || o.Refused["busy"] != 2 {
		t.Errorf("outcome is %+v", o)
	}
}
