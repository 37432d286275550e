package segmentstorage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

var errClosed = errors.New("the storage client is closed")

// client is a store behind the upstream interface. It is safe for concurrent use.
type client struct {
	onClose func()
	ended   chan struct{}
	syncing sync.WaitGroup

	mu      sync.Mutex
	store   *store
	parking parking
	closed  bool
}

var (
	_ storage.Client = (*client)(nil)
	_ storage.Walker = (*client)(nil)
)

// newClient returns a client of a store. syncEvery is the interval between syncs; 0 disables them.
func newClient(s *store, syncEvery time.Duration, onClose func()) *client {
	c := &client{store: s, onClose: onClose, ended: make(chan struct{}), parking: parking{starting: true}}
	if syncEvery > 0 {
		c.syncing.Go(func() { c.syncLoop(syncEvery) })
	}
	return c
}

// Get implements [storage.Client]. The value of a corrupt record is nil, as if it had not been set.
func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

// Set implements [storage.Client]. The error is a [storage.ErrStorageFull] if there is no room.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements [storage.Client]. It needs no room that is not reserved.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch implements [storage.Client]. Its changes are written as a whole or not at all.
func (c *client) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	return c.batch(ops)
}

func (c *client) batch(ops []*storage.Operation) error {
	done, err := c.parkOrUnpark(ops)
	if done || err != nil {
		return err
	}
	pending := map[string]change{}
	var changes []change
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = c.get(op.Key, pending)
			continue
		case storage.Set:
			changes = append(changes, change{key: op.Key, value: op.Value})
		case storage.Delete:
			if _, ok := pending[op.Key]; !ok && c.store.lookup(op.Key) == nil {
				continue
			}
			changes = append(changes, change{key: op.Key, remove: true})
		default:
			return fmt.Errorf("storage operation of unknown type %d on key %q", op.Type, op.Key)
		}
		pending[op.Key] = changes[len(changes)-1]
	}
	if len(changes) == 0 {
		return nil
	}
	parked, paired := c.parking.pair(c.store, changes)
	if paired {
		changes = append(changes, change{key: parked, remove: true})
	}
	if err := c.store.commit(changes, paired || c.essential(changes)); err != nil {
		return err
	}
	c.parking.forget(changes)
	return nil
}

// get returns a value as it is after the earlier changes of the same batch.
func (c *client) get(key string, pending map[string]change) []byte {
	if p, ok := pending[key]; ok {
		if p.remove {
			return nil
		}
		return append(make([]byte, 0, len(p.value)), p.value...)
	}
	e := c.store.lookup(key)
	if e == nil || c.parking.has(key) {
		return nil
	}
	value, err := c.store.read(e)
	if err != nil { // counted and logged
		return nil
	}
	return value
}

// essential reports whether changes may use the reserve: those that free as much as they need, and
// small updates of existing keys, such as the queue's list of items in flight.
func (c *client) essential(changes []change) bool {
	growth, adds := int64(0), false
	for _, each := range changes {
		e := c.store.lookup(each.key)
		if e != nil {
			growth -= e.weight()
		}
		if !each.remove {
			growth += int64(len(each.key) + len(each.value))
			adds = adds || e == nil
		}
	}
	return growth <= 0 || !adds && growth <= c.store.segment/16
}

// Walk implements [storage.Walker]. fn must not use the client.
func (c *client) Walk(ctx context.Context, fn storage.WalkFunc) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if err := c.unpark(); err != nil {
		return err
	}
	var ops []*storage.Operation
	for _, e := range c.store.current() {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := c.store.read(e)
		if err != nil { // counted and logged
			continue
		}
		more, err := fn(e.key, value)
		if err != nil && !errors.Is(err, storage.SkipAll) {
			return err
		}
		ops = append(ops, more...)
		if err != nil {
			break
		}
	}
	return c.batch(ops)
}

// usage is what one client uses.
type usage struct {
	disk, live int64 // bytes
	segments   int64 // files, including free ones
}

func (u usage) plus(v usage) usage {
	return usage{disk: u.disk + v.disk, live: u.live + v.live, segments: u.segments + v.segments}
}

func (c *client) usage() usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return usage{disk: c.store.used, live: c.store.live, segments: int64(len(c.store.segments()) + len(c.store.free))}
}

// current lists the entries that have a value, oldest segment first.
func (s *store) current() []*entry {
	var all []*entry
	for _, each := range s.segments() {
		for _, e := range each.mentions {
			if e.in == each {
				all = append(all, e)
			}
		}
	}
	return all
}

func (c *client) syncLoop(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.ended:
			return
		case <-tick.C:
			c.sync()
		}
	}
}

// sync writes appended data to the disk. Batches do not wait for it.
func (c *client) sync() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	dirty := slices.DeleteFunc(c.store.segments(), func(each *segment) bool { return !each.dirty })
	files := make([]file, len(dirty))
	for i, each := range dirty {
		each.dirty, files[i] = false, each.file
	}
	dir, disk, log := c.store.dir, c.store.disk, c.store.log
	c.mu.Unlock()
	if len(files) == 0 {
		return
	}
	errs := make([]error, 0, len(files)+1)
	for _, each := range files {
		if err := each.Sync(); !errors.Is(err, os.ErrClosed) { // its segment may have been freed since
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, disk.syncDir(dir))...); err != nil {
		log.Error("Stored data could not be synced", zap.String("directory", dir), zap.Error(err))
	}
}

// Close implements [storage.Client].
func (c *client) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	err := c.unpark()
	c.closed = true
	close(c.ended)
	c.mu.Unlock()
	c.syncing.Wait() // it uses the files
	c.mu.Lock()
	defer c.onClose()
	if c.store.syncAtClose {
		err = errors.Join(err, c.store.syncFrom(0))
	}
	return errors.Join(err, c.store.close())
}
