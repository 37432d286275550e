package failoverexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/telepod/telepod/collector/encoded"
)

// batch is one or more encoded OTLP requests of one signal.
type batch struct {
	signal signal
	parts  []encoded.Part
	items  int
	size   int
	// bodies are created when first needed, and kept for further tries. The key is the endpoint if it has filters, or
	// else none, for all endpoints without filters.
	bodies map[int]*body
	// failures are counted by endpoint: the batch itself may be the cause.
	failures map[int]failures
}

// failures counts how often an endpoint failed on a batch while it accepted others.
type failures struct {
	count    int
	accepted uint64
}

func newBatch(sig signal, data []byte, items int) *batch {
	return &batch{signal: sig, parts: []encoded.Part{{Data: data, Items: items}}, items: items, size: len(data)}
}

// ItemsCount returns the number of spans, data points or log records.
func (b *batch) ItemsCount() int { return b.items }

// BytesSize returns the encoded size, without compression.
func (b *batch) BytesSize() int { return b.size }

// MergeSplit appends another batch, and splits the result between parts if it is larger than maxSize.
func (b *batch) MergeSplit(_ context.Context, maxSize int, sizer exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if other != nil {
		o, ok := other.(*batch)
		if !ok || o.signal != b.signal {
			return nil, fmt.Errorf("merge a batch of %s with a %T of another kind", b.signal, other)
		}
		b.parts, b.items, b.size = append(b.parts, o.parts...), b.items+o.items, b.size+o.size
	}
	groups := encoded.Split(b.parts, maxSize, sizer)
	if len(groups) == 1 {
		return []xexporterhelper.Request{b}, nil
	}
	var split []xexporterhelper.Request
	for _, parts := range groups {
		size, items := encoded.Measure(parts)
		split = append(split, &batch{signal: b.signal, parts: parts, items: items, size: size})
	}
	return split, nil
}

// suspect records that an endpoint failed on this batch, after it had accepted that many others. It reports whether the
// batch is to blame.
func (b *batch) suspect(endpoint int, accepted uint64) bool {
	f, known := b.failures[endpoint]
	if !known || accepted > f.accepted {
		f.count, f.accepted = f.count+1, accepted
	}
	if b.failures == nil {
		b.failures = make(map[int]failures, 1)
	}
	b.failures[endpoint] = f
	return f.count >= poisonLimit
}
