package failoverexporter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"google.golang.org/protobuf/encoding/protowire"
)

// The stored form of a batch, version 1:
//
//	0x00 'F' version signal | items (uvarint) | the encoded OTLP request
//
// No Protobuf message starts with 0x00, as no field has the number 0, so neither form that exporterhelper stores
// can be mistaken for this one.
const (
	storedMark    = "\x00F"
	storedVersion = 1
	storedHeader  = len(storedMark) + 2
)

// encoding is how batches of one signal are stored in a persistent queue.
type encoding struct {
	signal signal
	// unreadable is called for each stored value that is dropped: exporterhelper itself drops it silently.
	unreadable func(error)
}

// Marshal writes a batch in the stored form. The context is not stored.
func (e encoding) Marshal(_ context.Context, req xexporterhelper.Request) ([]byte, error) {
	b, ok := req.(*batch)
	if !ok || b.signal != e.signal {
		return nil, fmt.Errorf("store a %T in the queue for %s: not a batch of that signal", req, e.signal)
	}
	out := make([]byte, 0, storedHeader+binary.MaxVarintLen64+b.size)
	out = append(out, storedMark...)
	out = append(out, storedVersion, byte(e.signal))
	out = binary.AppendUvarint(out, uint64(b.items))
	for _, p := range b.parts {
		out = append(out, p.Data...)
	}
	return out, nil
}

// Unmarshal reads the stored form, and those of exporterhelper's own requests. The batch keeps the bytes, so the
// storage must not use them again: it returns a copy, as every storage extension of the Collector does.
func (e encoding) Unmarshal(stored []byte) (context.Context, xexporterhelper.Request, error) {
	b, err := e.decode(stored)
	if err != nil {
		err = fmt.Errorf("read a stored request from the queue for %s: %w", e.signal, err)
		e.unreadable(err)
		return context.Background(), nil, err
	}
	return context.Background(), b, nil
}

func (e encoding) decode(stored []byte) (*batch, error) {
	if len(stored) == 0 {
		return nil, errors.New("it is empty")
	}
	if stored[0] != storedMark[0] {
		return decodeUpstream(e.signal, stored)
	}
	if len(stored) < storedHeader || string(stored[:len(storedMark)]) != storedMark {
		return nil, errors.New("it has no valid header")
	}
	if v := stored[len(storedMark)]; v != storedVersion {
		return nil, fmt.Errorf("it has version %d, this program reads version %d", v, storedVersion)
	}
	if s := signal(stored[len(storedMark)+1]); s != e.signal {
		return nil, fmt.Errorf("it is of another signal (%d)", s)
	}
	items, n := binary.Uvarint(stored[storedHeader:])
	if n <= 0 || items > math.MaxInt32 {
		return nil, errors.New("its item count is damaged")
	}
	data := stored[storedHeader+n:]
	if !wellFormed(data) {
		return nil, errors.New("it is damaged or cut off")
	}
	return newBatch(e.signal, data, int(items)), nil
}

// wellFormed reports whether data is a sequence of field 1 of Protobuf messages, as every OTLP request is. It
// looks at the outer lengths only.
func wellFormed(data []byte) bool {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 || number != 1 || kind != protowire.BytesType {
			return false
		}
		data = data[n:]
		if _, n = protowire.ConsumeBytes(data); n < 0 {
			return false
		}
		data = data[n:]
	}
	return true
}
