package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Payload is the OTLP data of one object, fully unpacked: up to 64 MiB. [Count] and [Replay] do not use it.
type Payload struct {
	Object Object

	data []byte
}

// NewPayload unpacks an object. It returns an error if the object is damaged or is not OTLP in protobuf.
func NewPayload(o Object, stored []byte) (*Payload, error) {
	if err := (content{o, stored}).eachGroup(groupMessage.validate); err != nil {
		return nil, err
	}
	unpacked, done, err := unpack(stored)
	if err != nil {
		return nil, &ObjectError{o.Key, fmt.Errorf("unpack it: %w", err)}
	}
	defer done()
	data, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, &ObjectError{o.Key, fmt.Errorf("unpack it: %w", err)}
	}
	return &Payload{Object: o, data: data}, nil
}

func (p *Payload) content() content { return content{p.Object, p.data} }

// Items returns the number of spans, data points or log records.
func (p *Payload) Items() (int64, error) {
	total := int64(0)
	err := p.content().eachGroup(func(g groupMessage) error {
		n, err := g.count(p.Object.Signal)
		total += n
		return err
	})
	return total, err
}

// Traces decodes a payload of traces.
func (p *Payload) Traces() (*tracepb.TracesData, error) { return decode(p, &tracepb.TracesData{}) }

// Metrics decodes a payload of metrics.
func (p *Payload) Metrics() (*metricspb.MetricsData, error) {
	return decode(p, &metricspb.MetricsData{})
}

// Logs decodes a payload of logs.
func (p *Payload) Logs() (*logspb.LogsData, error) { return decode(p, &logspb.LogsData{}) }

func decode[M proto.Message](p *Payload, m M) (M, error) {
	if err := proto.Unmarshal(p.data, m); err != nil {
		return m, &ObjectError{p.Object.Key, fmt.Errorf("decode it as OTLP in protobuf: %w", err)}
	}
	return m, nil
}

// Payloads reads the objects that match a selection, in the order in which they were archived. An [ObjectError]
// concerns one object, and reading continues after it; any other error is the last result.
//
// Payloads are complete: an object in a folder that mixes regions has the data of all of them.
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

// Load reads one object. An [ObjectError] concerns only that object.
func Load(ctx context.Context, store Store, o Object) (*Payload, error) {
	c, err := open(ctx, store, o)
	if err != nil {
		return nil, err
	}
	return NewPayload(o, c.stored)
}
