package clouds

import (
	"strings"
	"testing"
	"time"
)

func TestSumAddsMatchingSamples(t *testing.T) {
	const text = `# HELP otelcol_exporter_queue_size Current size
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_failover"} 1.5e+03
otelcol_exporter_queue_size{data_type="logs",exporter="otlp_failover"} 500
otelcol_exporter_queue_size{data_type="logs",exporter="kafka"} 7
otelcol_exporter_queue_size_limit{exporter="otlp_failover"} 9
otelcol_receiver_accepted_spans_total{receiver="otlp_mux"} 12 1700000000000
up 1
`
	for _, c := range []struct {
		name, label string
		want        float64
	}{
		{"otelcol_exporter_queue_size", `exporter="otlp_failover"`, 2000},
		{"otelcol_receiver_accepted_spans", `receiver="otlp_mux"`, 12},
		{"otelcol_nothing", "", 0},
	} {
		if got, err := sum(strings.NewReader(text), c.name, c.label); err != nil || got != c.want {
			t.Errorf("%s with %s is %v, %v, want %v", c.name, c.label, got, err, c.want)
		}
	}
	if _, err := sum(strings.NewReader("a{b=\"c\"} many\n"), "a", ""); err == nil {
		t.Error("a value that is not a number was accepted")
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

func TestCounterHandlesResets(t *testing.T) {
	var c counter
	now := time.Now()
	for _, step := range [][2]float64{{100, 0}, {110, 10}, {5, 15}, {25, 35}} {
		if since := c.since(step[0]); since != step[1] {
			t.Errorf("at %v the total is %v, want %v", step[0], since, step[1])
		}
	}
	c = counter{}
	for _, step := range []struct {
		total, rate float64
		known       bool
	}{{100, 0, false}, {110, 10, true}, {5, 0, false}, {25, 20, true}} {
		now = now.Add(time.Second)
		if rate, known := c.rate(step.total, now); rate != step.rate || known != step.known {
			t.Errorf("at %v the rate is %v, %t, want %v, %t", step.total, rate, known, step.rate, step.known)
		}
	}
	c.gone()
	if _, known := c.rate(30, now.Add(time.Minute)); known {
		t.Error("rate returned a value for an interval in which the process had exited")
	}
}
