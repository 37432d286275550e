package archive

import (
	"errors"
	"iter"
)

// Request is one export request of OTLP, in protobuf.
type Request struct {
	Signal Signal
	Data   []byte
	Items  int64
}

// itemOverhead is the most that a tag and a length add to a message below 256 MiB.
const itemOverhead = 6

// requestOptions say what becomes of a payload that is sent again.
type requestOptions struct {
	selection Selection
	mark      string // of the replay, "" for none
	replayed  bool   // data of earlier replays too
	maxBytes  int    // of a request
	maxItems  int64
}

// survey reads the content to its end, so that nothing is sent of an object that is damaged. It returns the
// number of items that are left out, because of an earlier replay.
func (c content) survey(o requestOptions) (again int64, err error) {
	err = c.eachGroup(func(m groupMessage) error {
		g, err := m.head()
		if err != nil {
			return err
		}
		n, err := m.count(c.object.Signal)
		if err != nil {
			return err
		}
		from, err := g.origin()
		if err == nil && o.selection.takes(from.cloud, from.region) && o.leaves(from) {
			again += n
		}
		return err
	})
	return again, err
}

// leaves reports whether what a resource sent is left out, as it came from an earlier replay.
func (o requestOptions) leaves(from origin) bool { return from.replay != "" && !o.replayed }

// requests are the content's wanted resources, in requests of about so many bytes and items; one item is the
// least. It is unpacked once more, so that only what belongs to a request is in memory. An error is the last.
func (c content) requests(o requestOptions) iter.Seq2[Request, error] {
	return func(yield func(Request, error) bool) {
		s := splitter{signal: c.object.Signal, options: o, yield: yield}
		err := c.eachGroup(s.resource)
		if err == nil {
			err = s.flush()
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(Request{}, err)
		}
	}
}

// splitter collects a part of groups: its bytes and items, and whether it has the resource and the scope of
// the item that comes next. No part has more bytes and items than it may, unless one item alone has. A resource
// and a scope are repeated in each part with items of theirs. Those without items are left out.
type splitter struct {
	signal  Signal
	options requestOptions
	yield   func(Request, error) bool

	part         []group
	bytes        int
	items        int64
	group, scope bool
}

// resource adds what a resource sent, if it is wanted.
func (s *splitter) resource(m groupMessage) error {
	g, err := m.head()
	if err != nil {
		return err
	}
	from, err := g.origin()
	if err != nil || !s.options.selection.takes(from.cloud, from.region) || s.options.leaves(from) {
		return err
	}
	if g, err = g.cleaned(s.options.mark); err != nil {
		return err
	}
	s.group = false
	return m.eachScope(func(message scopeMessage) error {
		s.scope = false
		sc, err := message.head()
		if err != nil {
			return err
		}
		return message.eachItem(func(item []byte) error { return s.item(g, sc, item) })
	})
}

func (s *splitter) item(g group, sc scope, item []byte) error {
	n, err := count(s.signal, item)
	if err != nil {
		return err
	}
	if s.full(s.cost(g, sc, item), n) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.add(g, sc, item)
	s.items += n
	return nil
}

// flush makes a request of the part.
func (s *splitter) flush() error {
	if len(s.part) == 0 {
		return nil
	}
	r := Request{Signal: s.signal, Items: s.items}
	for _, g := range s.part {
		r.Data = appendGroup(r.Data, g)
	}
	s.part, s.bytes, s.items, s.group, s.scope = nil, 0, 0, false, false
	if !s.yield(r, nil) {
		return errStop
	}
	return nil
}

func (s *splitter) full(bytes int, items int64) bool {
	return len(s.part) > 0 && (s.bytes+bytes > s.options.maxBytes || s.items+items > s.options.maxItems)
}

func (s *splitter) add(g group, sc scope, item []byte) {
	s.bytes += s.cost(g, sc, item)
	if !s.group {
		s.part = append(s.part, group{resource: g.resource, rest: g.rest})
	}
	last := &s.part[len(s.part)-1]
	if !s.scope {
		last.scopes = append(last.scopes, scope{rest: sc.rest})
	}
	s.group, s.scope = true, true
	into := &last.scopes[len(last.scopes)-1]
	into.items = append(into.items, item)
}

// cost is what an item adds to the part, with its resource and scope where they are not there yet.
func (s *splitter) cost(g group, sc scope, item []byte) int {
	bytes := len(item) + itemOverhead
	if !s.group {
		bytes += len(g.resource) + len(g.rest) + 2*itemOverhead
	}
	if !s.scope {
		bytes += len(sc.rest) + itemOverhead
	}
	return bytes
}
