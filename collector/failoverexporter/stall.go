package failoverexporter

import (
	"context"
	"sync"
	"time"
)

const (
	stallTick = 50 * time.Millisecond
	// stallLimit is how late a tick may be. If it is later, this process was not running, and an answer that seems
	// late may only have been read late.
	stallLimit = 250 * time.Millisecond
)

// stallWatch detects that this process was not running: it was stopped, or the node had no CPU time for it. A site must
// not be judged by what this process missed.
type stallWatch struct {
	mu      sync.Mutex
	last    time.Time
	stalled time.Time
}

func (w *stallWatch) run(ctx context.Context) {
	w.tick(time.Now())
	ticker := time.NewTicker(stallTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.tick(time.Now())
		}
	}
}

func (w *stallWatch) tick(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.last.IsZero() && now.Sub(w.last) > stallLimit {
		w.stalled = now
	}
	w.last = now
}

// since reports whether the process stalled after t.
func (w *stallWatch) since(t, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stalled.After(t) || !w.last.IsZero() && now.Sub(w.last) > stallLimit
}
