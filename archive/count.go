package archive

import (
	"context"
	"errors"
	"sync"
)

// Count counts the items in an archive.
type Count struct {
	Store     Store
	Selection Selection
	// Parallel is the number of objects to read concurrently.
	Parallel int
	// Observe, if not nil, is called after each object with the number of objects so far and their stored size.
	// Calls do not overlap.
	Observe func(objects int, stored int64)
}

// Run reads objects and counts their items. Problems lists an [ObjectError] for each object that could not be
// counted; the error concerns the run as a whole.
func (c *Count) Run(ctx context.Context, objects []Object) (tally Tally, problems []error, err error) {
	tally = Tally{}
	var mu sync.Mutex
	read, stored := 0, int64(0)
	err = forEachObject(ctx, c.Parallel, objects, func(ctx context.Context, o Object) error {
		counted, err := c.object(ctx, o)
		mu.Lock()
		defer mu.Unlock()
		tally.merge(counted)
		if _, one := errors.AsType[*ObjectError](err); one {
			problems, err = append(problems, err), nil
		}
		read, stored = read+1, stored+o.Size
		if c.Observe != nil {
			c.Observe(read, stored)
		}
		return err
	})
	return tally, problems, err
}

func (c *Count) object(ctx context.Context, o Object) (Tally, error) {
	object, err := open(ctx, c.Store, o)
	if err != nil {
		return nil, err
	}
	return object.tally(c.Selection)
}

// forEachObject starts work on the objects in order, several at a time, until an error ends the loop.
func forEachObject(ctx context.Context, parallel int, objects []Object, work func(context.Context, Object) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan Object)
	var workers sync.WaitGroup
	for range max(1, parallel) {
		workers.Go(func() {
			for o := range next {
				if err := work(ctx, o); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, o := range objects {
		select {
		case next <- o:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}
