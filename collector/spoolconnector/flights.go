package spoolconnector

import (
	"context"
	"slices"
	"sync"
)

// flight is a batch on its way to the store, or between two tries.
type flight struct {
	cancel  context.CancelFunc
	dropped bool
}

// flights are the batches on their way, the oldest first.
type flights struct {
	mu      sync.Mutex
	flights []*flight
}

func (f *flights) begin(ctx context.Context) (context.Context, *flight) {
	ctx, cancel := context.WithCancel(ctx)
	started := &flight{cancel: cancel}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flights = append(f.flights, started)
	return ctx, started
}

// end returns whether the batch was dropped.
func (f *flights) end(ended *flight) bool {
	ended.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flights = slices.DeleteFunc(f.flights, func(one *flight) bool { return one == ended })
	return ended.dropped
}

// dropOldest gives up the oldest batch that is not given up yet.
func (f *flights) dropOldest() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.flights {
		if !one.dropped {
			one.dropped = true
			one.cancel()
			return
		}
	}
}

// cancelAll ends all tries, and drops nothing.
func (f *flights) cancelAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.flights {
		one.cancel()
	}
}
