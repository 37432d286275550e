package main

import (
	"fmt"
	"io"
	"sync"

	"encoding/binary"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tally counts how often each sequence number arrived.
type tally struct {
	mu    sync.Mutex
	times map[uint64]int
}

func newTally() *tally { return &tally{times: map[uint64]int{}} }

func (t *tally) add(numbers ...uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range numbers {
		t.times[n]++
	}
}

func (t *tally) writeTo(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, times := range t.times {
		fmt.Fprintf(w, "%d %d\n", n, times)
	}
}

// tallies contains a tally for each signal of a backend.
type tallies struct{ traces, metrics, logs *tally }

func newTallies() tallies {
	return tallies{traces: newTally(), metrics: newTally(), logs: newTally()}
}

func (t tallies) of(signal string) *tally {
	return map[string]*tally{"traces": t.traces, "metrics": t.metrics, "logs": t.logs}[signal]
}

func (t tallies) addTraces(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				id := s.SpanID()
				t.traces.add(binary.BigEndian.Uint64(id[:]))
			}
		}
	}
}

func (t tallies) addLogs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if seq, ok := r.Attributes().Get("seq"); ok {
					t.logs.add(uint64(seq.Int()))
				}
			}
		}
	}
}

func (t tallies) addMetrics(md pmetric.Metrics) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() != sequence || m.Type() != pmetric.MetricTypeGauge {
					continue
				}
				for _, p := range m.Gauge().DataPoints().All() {
					t.metrics.add(uint64(p.IntValue()))
				}
			}
		}
	}
}

// sequence is the load generator's metric; its values are sequence numbers.
const sequence = "telepod_test_sequence"
