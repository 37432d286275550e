package spoolconnector

import (
	"context"
	"slices"
	"sync"
)

// flight is a batch in flight: being sent to the store, or between two tries.
type flight struct {
	sender  string
	cancel  context.CancelFunc
	dropped bool
}

// flights are the batches in flight, the oldest first.
type flights struct {
	mu      sync.Mutex
	flights []*flight
	closed  bool // flights that begin are canceled immediately
}

func (f *flights) begin(ctx context.Context, sender string) (context.Context, *flight) {
	ctx, cancel := context.WithCancel(ctx)
	started := &flight{sender: sender, cancel: cancel}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flights = append(f.flights, started)
	if f.closed {
		cancel()
	}
	return ctx, started
}

// end reports whether the batch was dropped.
func (f *flights) end(ended *flight) bool {
	ended.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flights = slices.DeleteFunc(f.flights, func(one *flight) bool { return one == ended })
	return ended.dropped
}

// drop drops the oldest batch of a sender, or of anyone, that is not dropped yet, and reports whether there was one.
func (f *flights) drop(sender string, anyone bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.flights {
		if !one.dropped && (anyone || one.sender == sender) {
			one.dropped = true
			one.cancel()
			return true
		}
	}
	return false
}

// has reports whether a batch of the sender is in flight, dropped or not.
func (f *flights) has(sender string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.flights, func(one *flight) bool { return one.sender == sender })
}

// cancelAll cancels all tries without dropping batches. With andLater, it also cancels tries that begin later.
func (f *flights) cancelAll(andLater bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = f.closed || andLater
	for _, one := range f.flights {
		one.cancel()
	}
}
