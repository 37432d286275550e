package spoolconnector

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telepod/telepod/collector/encoded"
)

// batch is an element of the queue: encoded requests of one signal, which only push decodes.
type batch struct {
	parts       []encoded.Part
	size, items int
}

func newBatch(parts ...encoded.Part) *batch {
	size, items := encoded.Measure(parts)
	return &batch{parts: parts, size: size, items: items}
}

// ItemsCount returns the number of spans, data points or log records.
func (b *batch) ItemsCount() int { return b.items }

// BytesSize returns the encoded size.
func (b *batch) BytesSize() int { return b.size }

// MergeSplit appends another batch, and splits the result between parts if it is larger than maxSize.
func (b *batch) MergeSplit(_ context.Context, maxSize int, sizer exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if o, ok := other.(*batch); ok {
		b.parts, b.size, b.items = append(b.parts, o.parts...), b.size+o.size, b.items+o.items
	} else if other != nil {
		return nil, fmt.Errorf("merge a batch with a %T", other)
	}
	groups := encoded.Split(b.parts, maxSize, sizer)
	if len(groups) == 1 {
		return []xexporterhelper.Request{b}, nil
	}
	var split []xexporterhelper.Request
	for _, parts := range groups {
		split = append(split, newBatch(parts...))
	}
	return split, nil
}

// Fields of the stored form, which is that of exporterhelper's own requests: a version, the data, and the context of
// the request. The number of items is an addition that exporterhelper skips, so either program reads both.
const (
	dataField  = 3
	itemsField = 1000
)

// stored is how batches are kept in a queue on disk.
type stored[D any] struct{ kind kind[D] }

// Marshal writes a batch with the metadata of its context.
func (stored[D]) Marshal(ctx context.Context, req xexporterhelper.Request) ([]byte, error) {
	b, ok := req.(*batch)
	if !ok {
		return nil, fmt.Errorf("store a %T in the queue", req)
	}
	header, err := request.MarshalTraces(ctx, ptrace.NewTraces()) // the same for all signals
	if err != nil {
		return nil, fmt.Errorf("store the context of a request: %w", err)
	}
	out := make([]byte, 0, len(header)+b.size+20) // two tags and two numbers
	out = append(out, header...)
	out = protowire.AppendTag(out, itemsField, protowire.VarintType)
	out = protowire.AppendVarint(out, uint64(b.items))
	out = protowire.AppendTag(out, dataField, protowire.BytesType)
	out = protowire.AppendVarint(out, uint64(b.size))
	for _, p := range b.parts {
		out = append(out, p.Data...)
	}
	return out, nil
}

// Unmarshal reads what Marshal or exporterhelper stored. The batch keeps the bytes: a storage returns a copy.
func (s stored[D]) Unmarshal(data []byte) (context.Context, xexporterhelper.Request, error) {
	ctx, part, err := s.read(data)
	if err != nil {
		return context.Background(), nil, fmt.Errorf("read a stored request: %w", err)
	}
	return ctx, newBatch(part), nil
}

func (s stored[D]) read(data []byte) (context.Context, encoded.Part, error) {
	part := encoded.Part{Items: -1}
	var header []byte
	for rest := data; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return nil, part, protowire.ParseError(n)
		}
		m := protowire.ConsumeFieldValue(number, kind, rest[n:])
		if m < 0 {
			return nil, part, protowire.ParseError(m)
		}
		switch {
		case number == dataField && kind == protowire.BytesType:
			if value, _ := protowire.ConsumeBytes(rest[n:]); len(value) > 0 {
				part.Data = value
			}
		case number == itemsField && kind == protowire.VarintType:
			items, _ := protowire.ConsumeVarint(rest[n:])
			part.Items = int(min(items, uint64(len(data))))
		default:
			header = append(header, rest[:n+m]...)
		}
		rest = rest[n+m:]
	}
	ctx, _, err := request.UnmarshalTraces(header)
	if err != nil { // older versions of exporterhelper stored only the data
		part, ctx = encoded.Part{Data: data, Items: -1}, context.Background()
	}
	if part.Items < 0 {
		decoded, err := s.kind.unmarshal(part.Data)
		if err != nil {
			return nil, part, err
		}
		part.Items = s.kind.items(decoded)
	}
	return ctx, part, nil
}
