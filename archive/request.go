package archive

import (
	"errors"
	"iter"
)

// Request is one OTLP export request in protobuf.
type Request struct {
	Signal Signal
	Data   []byte
	Items  int64
}

// itemOverhead is the maximum size of the tag and length of a message below 256 MiB.
const itemOverhead = 6

// requestOptions control how a payload is sent again.
type requestOptions struct {
	selection Selection
	mark      string // of the replay; "" adds none
	replayed  bool   // include data of earlier replays
	maxBytes  int    // of a request
	maxItems  int64
}

// survey reads all of the content first, so that no part of a damaged object is sent. It returns the number of
// items to skip because they came from an earlier replay.
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
		if err == nil && o.selection.matches(from.cloud, from.region) && o.skips(from) {
			again += n
		}
		return err
	})
	return again, err
}

// skips reports whether a resource is skipped because it came from an earlier replay.
func (o requestOptions) skips(from origin) bool { return from.replay != "" && !o.replayed }

// requests splits the selected resources into requests of about maxBytes and maxItems; the minimum is one item.
// It unpacks the content again, so that only one request is in memory at a time. An error is the last result.
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

// splitter collects one part: its groups, their bytes and items, and whether it already has the resource and
// the scope of the next item. Only a single oversized item can exceed the limits. Resources and scopes are
// repeated in each part that has items of theirs, and omitted if they have no items.
type splitter struct {
	signal  Signal
	options requestOptions
	yield   func(Request, error) bool

	part         []group
	bytes        int
	items        int64
	group, scope bool
}

// resource adds the data of a resource, if selected.
func (s *splitter) resource(m groupMessage) error {
	g, err := m.head()
	if err != nil {
		return err
	}
	from, err := g.origin()
	if err != nil || !s.options.selection.matches(from.cloud, from.region) || s.options.skips(from) {
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

// flush sends the part as a request.
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

// cost returns the bytes that an item adds to the part, including its resource and scope if they are new.
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
