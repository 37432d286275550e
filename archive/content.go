package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// What an object may be. Central sites write at most 17 MB. Whoever can write to the bucket can write anything
// else: a few hundred bytes unpack to gigabytes.
const (
	// MaxObject is the most bytes of an object that is read, as it is stored and unpacked.
	MaxObject = 64 << 20
	maxGroup  = 32 << 20 // bytes of one resource, unpacked: what is in memory at a time
	maxWindow = 32 << 20 // bytes that zstd looks back
)

// content is an object as it is stored. It is unpacked each time that it is read, one resource at a time.
type content struct {
	object Object
	stored []byte
}

// open reads an object from a store. An [ObjectError] concerns it alone.
func open(ctx context.Context, store Store, o Object) (content, error) {
	if o.Size > MaxObject {
		return content{}, &ObjectError{o.Key, fmt.Errorf("it has %d bytes, and no central site writes more than 64 MiB", o.Size)}
	}
	stored, err := store.Read(ctx, o.Key)
	return content{o, stored}, err
}

// eachGroup calls take with what each resource sent. Errors of the content, and of take, are an [ObjectError].
func (c content) eachGroup(take func(groupMessage) error) error {
	unpacked, done, err := unpack(c.stored)
	if err == nil {
		defer done()
		err = eachGroup(bufio.NewReader(unpacked), take)
	}
	var unpacking *unpackError
	switch {
	case err == nil, errors.Is(err, errStop):
		return err
	case errors.As(err, &unpacking):
		return &ObjectError{c.object.Key, fmt.Errorf("unpack it: %w", unpacking.err)}
	}
	return &ObjectError{c.object.Key, fmt.Errorf("decode it as OTLP in protobuf: %w", err)}
}

// errStop ends a loop early. It is no error.
var errStop = errors.New("stop")

// unpackError is an error of compressed data, as distinct from what is in it.
type unpackError struct{ err error }

func (e *unpackError) Error() string { return e.err.Error() }

// unpack goes by what the data begins with: a store may have unpacked gzip by itself, as Google's does.
// A payload of OTLP begins with neither.
func unpack(stored []byte) (io.Reader, func(), error) {
	source := bytes.NewReader(stored)
	switch {
	case bytes.HasPrefix(stored, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, &unpackError{err}
		}
		return &bounded{from: z, left: MaxObject}, z.Close, nil
	case bytes.HasPrefix(stored, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(source)
		if err != nil {
			return nil, nil, &unpackError{err}
		}
		return &bounded{from: z, left: MaxObject}, func() {}, nil
	}
	return source, func() {}, nil
}

// bounded reads so many bytes; one more is an error.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return 0, &unpackError{errors.New("it unpacks to more than 64 MiB")}
	case err != nil && err != io.EOF:
		err = &unpackError{err}
	}
	return n, err
}

// eachGroup reads a payload: TracesData, MetricsData, LogsData or an export request.
func eachGroup(r *bufio.Reader, take func(groupMessage) error) error {
	const tag = uint64(groupField)<<3 | 2 // a message
	for {
		switch read, err := binary.ReadUvarint(r); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case read != tag:
			return errors.New("it has a field that OTLP does not have")
		}
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return wholeOrCut(err)
		}
		if size > maxGroup {
			return fmt.Errorf("one resource has %d bytes; no central site writes more than 32 MiB", size)
		}
		message := make([]byte, size)
		if _, err := io.ReadFull(r, message); err != nil {
			return wholeOrCut(err)
		}
		if err := take(message); err != nil {
			return err
		}
	}
}

func wholeOrCut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
