package otlpmuxreceiver

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

const (
	smallestBuffer = 16 << 10
	largestPooled  = 1 << 20
	// zstdWindow bounds what a zstd frame makes the decoder allocate. 8 MiB is what RFC 8878
	// recommends that every decoder supports; Go's and most other encoders stay below it.
	zstdWindow = 8 << 20
	// assumedRatio is the assumed expansion of a compressed request until it has been read.
	// OTLP batches usually compress to between a quarter and a tenth.
	assumedRatio = 4
)

// buffers keeps the buffers that bodies are read into, and the decompressors.
type buffers struct {
	bytes, gzip, zstd sync.Pool
}

func (b *buffers) get(size int64) []byte {
	if pooled, ok := b.bytes.Get().(*[]byte); ok && int64(cap(*pooled)) >= size {
		return (*pooled)[:0]
	}
	return make([]byte, 0, max(size, smallestBuffer))
}

func (b *buffers) put(body []byte) {
	if c := cap(body); c > 0 && c <= largestPooled {
		b.bytes.Put(&body)
	}
}

// read reads everything from r, expected to be about size bytes, and adjusts the reservation to
// the actual size. The caller returns the buffer with put. More than limit bytes are an error.
func (b *buffers) read(r io.Reader, size, limit int64, held *reservation) ([]byte, error) {
	// One byte more than expected, so that the last read can see the end; but not a large buffer
	// for a large body that may never come.
	body := b.get(min(size, limit, largestPooled-1) + 1)
	for {
		if len(body) == cap(body) {
			larger := min(2*int64(cap(body)), limit+1)
			if !held.atLeast(larger) {
				b.put(body)
				return nil, overloadError(refusedMemory)
			}
			body = append(make([]byte, 0, larger), body...)
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			b.put(body)
			return nil, tooLargeError(limit)
		case err == io.EOF:
			held.set(int64(len(body)))
			return body, nil
		case err != nil:
			b.put(body)
			return nil, err
		}
	}
}

// decompressor returns a reader of what r contains, and false for an unknown encoding.
// Closing it returns it to the pool; it does not close r.
func (b *buffers) decompressor(encoding string, r io.Reader) (io.ReadCloser, bool, error) {
	switch encoding {
	case "identity":
		return io.NopCloser(r), true, nil
	case "gzip":
		body, err := b.gunzip(r)
		return body, true, err
	case "zstd":
		body, err := b.unzstd(r)
		return body, true, err
	case "snappy":
		return io.NopCloser(snappy.NewReader(r)), true, nil
	default:
		return nil, false, nil
	}
}

type pooledGzip struct {
	*gzip.Reader
	pool *sync.Pool
}

// Close returns the reader to the pool; further calls have no effect.
func (p *pooledGzip) Close() error {
	if p.Reader != nil {
		p.pool.Put(p.Reader)
		p.Reader = nil
	}
	return nil
}

func (b *buffers) gunzip(r io.Reader) (io.ReadCloser, error) {
	reader, ok := b.gzip.Get().(*gzip.Reader)
	if !ok {
		reader = new(gzip.Reader)
	}
	if err := reader.Reset(r); err != nil {
		return nil, err
	}
	return &pooledGzip{Reader: reader, pool: &b.gzip}, nil
}

type pooledZstd struct {
	*zstd.Decoder
	pool *sync.Pool
}

// Close returns the decoder to the pool; further calls have no effect.
func (p *pooledZstd) Close() error {
	if p.Decoder != nil {
		_ = p.Reset(nil)
		p.pool.Put(p.Decoder)
		p.Decoder = nil
	}
	return nil
}

func (b *buffers) unzstd(r io.Reader) (io.ReadCloser, error) {
	decoder, ok := b.zstd.Get().(*zstd.Decoder)
	if !ok {
		var err error
		decoder, err = zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, err
		}
	}
	if err := decoder.Reset(r); err != nil {
		return nil, err
	}
	return &pooledZstd{Decoder: decoder, pool: &b.zstd}, nil
}
