package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxPayload is the most that an object may unpack to. Central sites write at most 17 MB.
const maxPayload = 64 << 20

// Payload is the OTLP of one object.
type Payload struct {
	Object Object

	data   []byte
	groups []group
}

// NewPayload unpacks what an object consists of, and takes it apart. An error says that the object is
// damaged, or not of OTLP in protobuf.
func NewPayload(o Object, stored []byte) (*Payload, error) {
	data, err := unpack(stored)
	if err != nil {
		return nil, &ObjectError{o.Key, fmt.Errorf("unpack it: %w", err)}
	}
	groups, err := parseGroups(data)
	if err != nil {
		return nil, &ObjectError{o.Key, fmt.Errorf("decode it as OTLP in protobuf: %w", err)}
	}
	return &Payload{Object: o, data: data, groups: groups}, nil
}

// unpack goes by what the data begins with: a store may have unpacked gzip by itself, as Google's does.
// A payload of OTLP begins with neither.
func unpack(stored []byte) ([]byte, error) {
	var unpacked io.Reader
	switch {
	case bytes.HasPrefix(stored, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(bytes.NewReader(stored), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPayload))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		unpacked = z
	case bytes.HasPrefix(stored, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(stored))
		if err != nil {
			return nil, err
		}
		unpacked = z
	default:
		return stored, nil
	}
	var data bytes.Buffer
	data.Grow(min(8*len(stored), maxPayload)) // telemetry packs to a tenth or so
	n, err := io.Copy(&data, io.LimitReader(unpacked, maxPayload+1))
	if err == nil && n > maxPayload {
		err = errors.New("it unpacks to more than 64 MiB")
	}
	return data.Bytes(), err
}

// Items is the number of spans, data points or log records.
func (p *Payload) Items() (int64, error) {
	total := int64(0)
	for _, g := range p.groups {
		n, err := g.count(p.Object.Signal)
		if err != nil {
			return total, &ObjectError{p.Object.Key, fmt.Errorf("count its items: %w", err)}
		}
		total += n
	}
	return total, nil
}

// Traces decodes a payload of the signal traces.
func (p *Payload) Traces() (*tracepb.TracesData, error) { return decode(p, &tracepb.TracesData{}) }

// Metrics decodes a payload of the signal metrics.
func (p *Payload) Metrics() (*metricspb.MetricsData, error) {
	return decode(p, &metricspb.MetricsData{})
}

// Logs decodes a payload of the signal logs.
func (p *Payload) Logs() (*logspb.LogsData, error) { return decode(p, &logspb.LogsData{}) }

func decode[M proto.Message](p *Payload, m M) (M, error) {
	if err := proto.Unmarshal(p.data, m); err != nil {
		return m, &ObjectError{p.Object.Key, fmt.Errorf("decode it as OTLP in protobuf: %w", err)}
	}
	return m, nil
}

// Payloads reads what a selection has in a store, in the order in which it was archived. An error that is
// an [ObjectError] concerns one object, and reading goes on; every other is the last.
//
// Payloads are whole: an object in a folder with several regions has the data of all of them.
func Payloads(ctx context.Context, store Store, s Selection) iter.Seq2[*Payload, error] {
	return func(yield func(*Payload, error) bool) {
		listing, err := List(ctx, store, s)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, o := range listing.Objects {
			p, err := Load(ctx, store, o)
			if !yield(p, err) {
				return
			}
			if _, one := errors.AsType[*ObjectError](err); err != nil && !one {
				return
			}
		}
	}
}

// Load reads one object. An [ObjectError] concerns it alone.
func Load(ctx context.Context, store Store, o Object) (*Payload, error) {
	if o.Size > maxPayload {
		return nil, &ObjectError{o.Key, fmt.Errorf("it has %d bytes, and no central site writes more than 64 MiB", o.Size)}
	}
	stored, err := store.Read(ctx, o.Key)
	if err != nil {
		return nil, err
	}
	return NewPayload(o, stored)
}
