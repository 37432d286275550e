package spoolconnector

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/client"
)

// holdings counts the bytes in the queue by sender, for data that arrived since the start.
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

// offered is the context key for the size of a request, which encode sets.
type offered struct{}

// sender returns the sender of a request, from its client metadata; without fair_by there is only one.
func (c *Config) sender(ctx context.Context) string {
	if c.FairBy == "" {
		return ""
	}
	if values := client.FromContext(ctx).Metadata.Get(c.FairBy); len(values) > 0 {
		return values[0]
	}
	return ""
}
