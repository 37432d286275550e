package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"sync"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// remoteWrite receives Prometheus remote write 1.0, counts the samples of the sequence metric, and keeps the last samples of
// the span metrics.
func remoteWrite(counts tallies, spans *spanCounts) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		packed, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body, err := snappy.Decode(nil, packed)
		if err == nil {
			err = fields(body, 1, func(series []byte) error { return addSeries(counts, spans, series) })
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("decode a write request: %v", err), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// addSeries decodes a TimeSeries: labels are field 1, samples field 2, a sample's value field 1.
func addSeries(counts tallies, spans *spanCounts, series []byte) error {
	name, labels := "", fnv.New64a()
	err := fields(series, 1, func(label []byte) error {
		_, _ = labels.Write(label)
		var pair [2]string
		for i := range pair {
			if err := fields(label, protowire.Number(i+1), func(text []byte) error { pair[i] = string(text); return nil }); err != nil {
				return err
			}
		}
		if pair[0] == "__name__" {
			name = pair[1]
		}
		return nil
	})
	if err != nil || name != sequence && name != spanMetric {
		return err
	}
	return fields(series, 2, func(sample []byte) error {
		value := 0.0 // zero is not encoded
		if number, kind, n := protowire.ConsumeTag(sample); n >= 0 && number == 1 && kind == protowire.Fixed64Type {
			bits, n := protowire.ConsumeFixed64(sample[n:])
			if n < 0 {
				return protowire.ParseError(n)
			}
			value = math.Float64frombits(bits)
		}
		if name == spanMetric {
			spans.set(labels.Sum64(), value)
		} else {
			counts.metrics.add(uint64(value))
		}
		return nil
	})
}

// spanMetric is the metric that counts spans.
const spanMetric = "traces_span_metrics_calls_total"

// spanCounts contains the last sample of each series of the span metric, by a hash of its labels.
type spanCounts struct {
	mu   sync.Mutex
	last map[uint64]float64
}

func (c *spanCounts) set(labels uint64, value float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last[labels] = value
}

// ServeHTTP answers with the sum of all series.
func (c *spanCounts) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := 0.0
	for _, value := range c.last {
		sum += value
	}
	fmt.Fprintln(w, sum)
}

// fields calls a function for each length-delimited field with that number.
func fields(message []byte, number protowire.Number, do func([]byte) error) error {
	for len(message) > 0 {
		got, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(got, kind, message); n < 0 {
			return protowire.ParseError(n)
		}
		if got == number && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			if err := do(value); err != nil {
				return err
			}
		}
		message = message[n:]
	}
	return nil
}
