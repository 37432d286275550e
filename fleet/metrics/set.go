package metrics

import (
	"fmt"
	"io"
	"iter"
	"math"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Set contains the counters and gauges of one process, by name. The zero value is empty.
type Set struct{ families map[string]*dto.MetricFamily }

// mostBytes limits the size of the text. A Collector of the chart has some 50 KB of metrics.
const mostBytes = 8 << 20

// Read parses Prometheus' text format. It returns an error if the text is too long.
func Read(text io.Reader) (Set, error) {
	limited := &io.LimitedReader{R: text, N: mostBytes + 1}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(limited)
	if limited.N == 0 {
		return Set{}, fmt.Errorf("read metrics: more than %d MiB", mostBytes>>20)
	}
	if err != nil {
		return Set{}, fmt.Errorf("read metrics: %w", err)
	}
	return Set{families}, nil
}

// Empty reports whether nothing was read.
func (s Set) Empty() bool { return len(s.families) == 0 }

// Labels are the labels of one series.
type Labels map[string]string

// Each yields the series of a counter or gauge, except infinities and NaN.
func (s Set) Each(name string) iter.Seq2[Labels, float64] {
	return func(yield func(Labels, float64) bool) {
		for _, m := range s.families[name].GetMetric() {
			v, ok := value(m)
			if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			labels := Labels{}
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if !yield(labels, v) {
				return
			}
		}
	}
}

func value(m *dto.Metric) (float64, bool) {
	switch {
	case m.Counter != nil:
		return m.Counter.GetValue(), true
	case m.Gauge != nil:
		return m.Gauge.GetValue(), true
	case m.Untyped != nil:
		return m.Untyped.GetValue(), true
	}
	return 0, false
}

// Sum adds up the series of a name that have all labels of match, and reports whether there are any. Counters that are
// still zero are absent.
func (s Set) Sum(name string, match Labels) (sum float64, found bool) {
	for labels, v := range s.Each(name) {
		if labels.have(match) {
			sum, found = sum+v, true
		}
	}
	return sum, found
}

func (l Labels) have(match Labels) bool {
	for name, value := range match {
		if l[name] != value {
			return false
		}
	}
	return true
}
