package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// remoteWrite receives Prometheus remote write 1.0 and counts the samples of the sequence metric.
func remoteWrite(counts tallies) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		packed, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body, err := snappy.Decode(nil, packed)
		if err == nil {
			err = fields(body, 1, func(series []byte) error { return addSeries(counts, series) })
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("decode a write request: %v", err), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// addSeries decodes a TimeSeries: labels are field 1, samples field 2, a sample's value field 1.
func addSeries(counts tallies, series []byte) error {
	name := ""
	err := fields(series, 1, func(label []byte) error {
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
	if err != nil || name != sequence {
		return err
	}
	return fields(series, 2, func(sample []byte) error {
		number, kind, n := protowire.ConsumeTag(sample)
		if n < 0 || number != 1 || kind != protowire.Fixed64Type {
			return errors.New("the first field of a sample is not its value")
		}
		bits, n := protowire.ConsumeFixed64(sample[n:])
		if n < 0 {
			return protowire.ParseError(n)
		}
		counts.metrics.add(uint64(math.Float64frombits(bits)))
		return nil
	})
}

// fields calls a function for each length-delimited field with that number.
func fields(message []byte, number protowire.Number, take func([]byte) error) error {
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
			if err := take(value); err != nil {
				return err
			}
		}
		message = message[n:]
	}
	return nil
}
