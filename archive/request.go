package archive

import (
	"fmt"
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

// requests are the payload's wanted resources, in requests of about so many bytes and items; one item is the
// least. The second result is the number of items that are left out, because of an earlier replay. After
// an error nothing of the payload may be sent: it is damaged.
func (p *Payload) requests(o requestOptions) (requests iter.Seq[Request], again int64, err error) {
	damaged := func(err error) (iter.Seq[Request], int64, error) {
		return nil, 0, &ObjectError{p.Object.Key, fmt.Errorf("decode it as OTLP in protobuf: %w", err)}
	}
	var wanted []group
	for _, g := range p.groups {
		from, err := g.origin()
		if err != nil {
			return damaged(err)
		}
		n, err := g.count(p.Object.Signal)
		if err != nil {
			return damaged(err)
		}
		if !o.selection.takes(from.cloud, from.region) {
			continue
		}
		if from.replay != "" && !o.replayed {
			again += n
			continue
		}
		clean, err := g.cleaned(o.mark)
		if err != nil {
			return damaged(err)
		}
		wanted = append(wanted, clean)
	}
	return p.encode(wanted, o), again, nil
}

// encode makes requests of groups whose items can be counted.
func (p *Payload) encode(groups []group, o requestOptions) iter.Seq[Request] {
	return func(yield func(Request) bool) {
		s := splitter{signal: p.Object.Signal, options: o}
		for part := range s.parts(groups) {
			r := Request{Signal: p.Object.Signal, Items: s.items}
			for _, g := range part {
				r.Data = appendGroup(r.Data, g)
			}
			if !yield(r) {
				return
			}
		}
	}
}

// splitter collects a part of groups: its bytes and items, and whether it has the resource and the scope of
// the item that comes next.
type splitter struct {
	signal  Signal
	options requestOptions

	part         []group
	bytes        int
	items        int64
	group, scope bool
}

// parts splits groups so that no part has more bytes and items than it may, unless one item alone has. A resource
// and a scope are repeated in each part with items of theirs. Those without items are left out.
func (s *splitter) parts(groups []group) iter.Seq[[]group] {
	return func(yield func([]group) bool) {
		for _, g := range groups {
			s.group = false
			for _, sc := range g.scopes {
				s.scope = false
				for _, item := range sc.items {
					n, _ := count(s.signal, item) // they can be counted: requests has tried
					if s.full(s.cost(g, sc, item), n) {
						if !yield(s.part) {
							return
						}
						s.part, s.bytes, s.items, s.group, s.scope = nil, 0, 0, false, false
					}
					s.add(g, sc, item)
					s.items += n
				}
			}
		}
		if len(s.part) > 0 {
			yield(s.part)
		}
	}
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
