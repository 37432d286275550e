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

// Limits for an object. Central sites write at most 17 MB, but anyone with write access to the bucket can store
// anything: a few hundred bytes can unpack to gigabytes.
const (
	// MaxObject is the maximum size of an object in bytes, both as stored and unpacked.
	MaxObject = 64 << 20
	maxGroup  = 32 << 20 // unpacked bytes of one resource: the maximum in memory at a time
	maxWindow = 32 << 20 // bytes of zstd history
)

// content is an object as stored. Each read unpacks it, one resource at a time.
type content struct {
	object Object
	stored []byte
}

// open reads an object from a store. An [ObjectError] concerns only that object.
func open(ctx context.Context, store Store, o Object) (content, error) {
	if o.Size > MaxObject {
		return content{}, &ObjectError{o.Key, fmt.Errorf("it has %d bytes; the maximum is 64 MiB", o.Size)}
	}
	stored, err := store.Read(ctx, o.Key)
	return content{o, stored}, err
}

// eachGroup calls visit with the data of each resource. Errors of the content and of visit become an
// [ObjectError].
func (c content) eachGroup(visit func(groupMessage) error) error {
	unpacked, done, err := unpack(c.stored)
	if err == nil {
		defer done()
		err = readGroups(bufio.NewReader(unpacked), visit)
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

// errStop ends a loop early; it does not report a failure.
var errStop = errors.New("stop")

// unpackError is a decompression error, as opposed to an error in the decompressed data.
type unpackError struct{ err error }

func (e *unpackError) Error() string { return e.err.Error() }

// unpack detects the compression from the first bytes: a store may already have decompressed gzip, as Google's
// does. An OTLP payload starts with neither magic number.
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

// bounded limits the number of bytes read from r; reading more is an error.
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

// readGroups reads a payload: TracesData, MetricsData, LogsData or an export request.
func readGroups(r *bufio.Reader, visit func(groupMessage) error) error {
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
			return noEOF(err)
		}
		if size > maxGroup {
			return fmt.Errorf("one resource has %d bytes; the maximum is 32 MiB", size)
		}
		message := make([]byte, size)
		if _, err := io.ReadFull(r, message); err != nil {
			return noEOF(err)
		}
		if err := visit(message); err != nil {
			return err
		}
	}
}

// noEOF returns io.ErrUnexpectedEOF for an end inside a message.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
