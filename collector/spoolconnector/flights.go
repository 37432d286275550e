package spoolconnector

import (
	"context"
	"slices"
	"sync"
)

// flight is a batch on its way to the store, or between two tries.
type flight struct {
	sender  string
	cancel  context.CancelFunc
	dropped bool
}

// flights are the batches on their way, the oldest first.
type flights struct {
	mu      sync.Mutex
	flights []*flight
	closed  bool // a flight that begins has ended
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

// end returns whether the batch was dropped.
func (f *flights) end(ended *flight) bool {
	ended.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flights = slices.DeleteFunc(f.flights, func(one *flight) bool { return one == ended })
	return ended.dropped
}

// drop gives up the oldest batch of a sender, or of anyone, that is not given up yet, and returns whether there is one.
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

// has returns whether a batch of the sender is on its way, given up or not.
func (f *flights) has(sender string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.flights, func(one *flight) bool { return one.sender == sender })
}

// cancelAll ends all tries, and drops nothing. With andLater it also ends those that begin after it.
func (f *flights) cancelAll(andLater bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = f.closed || andLater
	for _, one := range f.flights {
		one.cancel()
	}
}
