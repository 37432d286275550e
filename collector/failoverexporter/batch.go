package failoverexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
)

// batch is one or more encoded OTLP requests of one signal. Written one after another they are the request of
// them all, because a request is a single repeated field.
type batch struct {
	signal signal
	parts  []part
	items  int
	size   int
	// bodies are what is sent, made when first needed and kept for further tries: by endpoint if it has filters,
	// or else by none, for all endpoints without.
	bodies map[int]*body
	// failures are the answers, by endpoint, that may be the batch's own fault.
	failures map[int]failures
}

// failures of an endpoint on a batch, between which it accepted others.
type failures struct {
	count    int
	accepted uint64
}

// part is one encoded request, which is never split.
type part struct {
	data  []byte
	items int
}

func newBatch(sig signal, data []byte, items int) *batch {
	return &batch{signal: sig, parts: []part{{data: data, items: items}}, items: items, size: len(data)}
}

// ItemsCount is the number of spans, data points or log records.
func (b *batch) ItemsCount() int { return b.items }

// BytesSize is the size as encoded, without compression.
func (b *batch) BytesSize() int { return b.size }

// MergeSplit appends another batch. If the result were larger than maxSize it is split between parts, never
// inside one. A single part above maxSize is kept as it is: a receiver accepted it as one request, and limits
// further on are larger. exporterhelper's own requests drop data in this case.
func (b *batch) MergeSplit(_ context.Context, maxSize int, sizer exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if other != nil {
		o, ok := other.(*batch)
		if !ok || o.signal != b.signal {
			return nil, fmt.Errorf("merge a batch of %s with a %T of another kind", b.signal, other)
		}
		b.parts, b.items, b.size = append(b.parts, o.parts...), b.items+o.items, b.size+o.size
	}
	if maxSize <= 0 || b.measure(sizer) <= maxSize || len(b.parts) == 1 {
		return []xexporterhelper.Request{b}, nil
	}
	var split []xexporterhelper.Request
	current := &batch{signal: b.signal}
	for _, p := range b.parts {
		next := &batch{items: current.items + p.items, size: current.size + len(p.data)}
		if len(current.parts) > 0 && next.measure(sizer) > maxSize {
			split = append(split, current)
			current = &batch{signal: b.signal}
		}
		current.parts, current.items, current.size = append(current.parts, p), current.items+p.items, current.size+len(p.data)
	}
	return append(split, current), nil
}

func (b *batch) measure(sizer exporterhelper.RequestSizerType) int {
	if sizer == exporterhelper.RequestSizerTypeItems {
		return b.items
	}
	return b.size
}

// suspect notes that an endpoint failed on this batch, having accepted so many others up to now. It reports
// whether the batch is to blame.
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
