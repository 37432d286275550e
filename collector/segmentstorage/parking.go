package segmentstorage

import (
	"hash/crc32"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// parking protects a queue during its start. exporterhelper's persistent queue reads the items that it was sending
// when the process ended, deletes them in a second batch, and puts each back in a separate batch. A kill in
// between, or a full disk, would lose them. So items that are read and then deleted at the start are only hidden
// ("parked"). Each new key removes one of the parked keys in the same frame: the store is consistent at all times,
// and putting an item back needs no additional space.
// The first other batch ends parking.
type parking struct {
	starting bool
	read     []string // keys of the last batch, if it only read
	keys     []string // parked, in the queue's order
	hidden   map[string]bool
}

func (p *parking) has(key string) bool { return p.hidden[key] }

// only reports whether all operations are of a type.
func only(ops []*storage.Operation, kind storage.OpType) bool {
	return len(ops) > 0 && !slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type != kind })
}

func keysOf(ops []*storage.Operation) []string {
	keys := make([]string, len(ops))
	for i, op := range ops {
		keys[i] = op.Key
	}
	return keys
}

// parkOrUnpark reports whether it has completed the batch by parking its keys.
func (c *client) parkOrUnpark(ops []*storage.Operation) (done bool, err error) {
	p := &c.parking
	switch {
	case !p.starting || only(ops, storage.Set):
		return false, nil
	case only(ops, storage.Get):
		p.read = keysOf(ops)
		return false, nil
	case only(ops, storage.Delete) && slices.Equal(p.read, keysOf(ops)):
		p.park(c.store)
		return true, nil
	}
	p.starting, p.read = false, nil
	return false, c.unpark()
}

// park hides the keys that were read.
func (p *parking) park(s *store) {
	if p.hidden == nil {
		p.hidden = map[string]bool{}
	}
	for _, key := range p.read {
		if s.lookup(key) != nil && !p.hidden[key] {
			p.keys = append(p.keys, key)
			p.hidden[key] = true
		}
	}
	p.read = nil
}

// pair picks the parked key to remove together with changes that add a key: the one with the same value, or the first.
func (p *parking) pair(s *store, changes []change) (key string, ok bool) {
	if len(p.keys) == 0 {
		return "", false
	}
	i := slices.IndexFunc(changes, func(c change) bool { return !c.remove && s.lookup(c.key) == nil })
	if i < 0 {
		return "", false
	}
	sum := crc32.Checksum(changes[i].value, castagnoli)
	same := slices.IndexFunc(p.keys, func(key string) bool {
		e := s.lookup(key)
		return e != nil && e.sum == sum && int(e.size) == len(changes[i].value)
	})
	return p.keys[max(same, 0)], true
}

// forget removes changed keys from the parked ones.
func (p *parking) forget(changes []change) {
	if len(p.keys) == 0 {
		return
	}
	for _, each := range changes {
		delete(p.hidden, each.key)
	}
	p.keys = slices.DeleteFunc(p.keys, func(key string) bool { return !p.hidden[key] })
}

// unpark deletes what is still parked.
func (c *client) unpark() error {
	var changes []change
	for _, key := range c.parking.keys {
		if c.store.lookup(key) != nil {
			changes = append(changes, change{key: key, remove: true})
		}
	}
	if len(changes) > 0 {
		if err := c.store.commit(changes, true); err != nil {
			return err
		}
	}
	c.parking.keys, c.parking.hidden = nil, nil
	return nil
}
