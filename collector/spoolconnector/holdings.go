package spoolconnector

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/client"
)

// holdings are the bytes in the queue by sender, as far as they came since the start.
type holdings struct {
	mu    sync.Mutex
	bytes map[string]int64
}

func (h *holdings) add(sender string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bytes == nil {
		h.bytes = make(map[string]int64)
	}
	if h.bytes[sender] += int64(n); h.bytes[sender] <= 0 {
		delete(h.bytes, sender)
	}
}

// most returns the sender with the most bytes, and how many.
func (h *holdings) most() (sender string, held int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for each, bytes := range h.bytes {
		if bytes > held || bytes == held && each < sender {
			sender, held = each, bytes
		}
	}
	return sender, held
}

// offered carries the size of a request from where it is encoded.
type offered struct{}

// sender of a request, by its client metadata; without fair_by all are one.
func (c *Config) sender(ctx context.Context) string {
	if c.FairBy == "" {
		return ""
	}
	if values := client.FromContext(ctx).Metadata.Get(c.FairBy); len(values) > 0 {
		return values[0]
	}
	return ""
}
