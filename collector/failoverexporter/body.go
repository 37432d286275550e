package failoverexporter

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/config/configcompression"

	"github.com/telepod/telepod/collector/encoded"
)

// body is the content of a request as it is sent.
type body struct {
	data []byte
	// items is how many are left after the endpoint's filters; zero means that there is nothing to send.
	items int
	// size in bytes of what is left, before compression.
	size int
}

// compressor compresses batches. It is safe for concurrent use.
type compressor struct {
	kind configcompression.Type
	pool sync.Pool
}

type resettableWriter interface {
	io.WriteCloser
	Reset(io.Writer)
}

// zstdWindow is smaller than the default of 4 MiB: a batch is about 1 MB, and each one in flight costs a window.
const zstdWindow = 1 << 20

func newCompressor(kind configcompression.Type, params configcompression.CompressionParams) *compressor {
	c := &compressor{kind: kind}
	c.pool.New = func() any {
		if kind == configcompression.TypeGzip {
			level := int(params.Level)
			if level == 0 {
				level = gzip.DefaultCompression
			}
			w, _ := gzip.NewWriterLevel(nil, level) // Validate has checked the level
			return w
		}
		w, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(int(params.Level))))
		return w
	}
	return c
}

// compress joins the parts and compresses them, unless compression is off.
func (c *compressor) compress(parts []encoded.Part, size int) ([]byte, error) {
	if !c.kind.IsCompressed() {
		return encoded.Join(parts), nil
	}
	w := c.pool.Get().(resettableWriter)
	defer c.pool.Put(w)
	out := bytes.NewBuffer(make([]byte, 0, size/8+512))
	w.Reset(out)
	for _, p := range parts {
		if _, err := w.Write(p.Data); err != nil {
			return nil, fmt.Errorf("compress with %s: %w", c.kind, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress with %s: %w", c.kind, err)
	}
	return out.Bytes(), nil
}
