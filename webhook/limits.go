package webhook

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// ordinaryBody is the length in bytes up to which a body does not wait: the AdmissionReview of a pod with
	// ten containers and 400 variables has 40,000. maxConnections limits the number of such bodies.
	ordinaryBody = 64 << 10
	// maxLarge limits the total size of larger bodies in memory, in bytes. They wait for each other.
	maxLarge = 2 * maxBody
	// bodyPatience is how long a request waits for room.
	bodyPatience = 2 * time.Second
	// maxConnections is far above the number of connections that the API servers of a cluster keep open.
	maxConnections = 256
)

// room is a number of bytes that requests share. Waiting requests get them in the order of arrival.
type room struct {
	mu      sync.Mutex
	free    int64
	waiting list.List // of *claim
}

type claim struct {
	bytes   int64
	granted chan struct{}
}

func newRoom(bytes int64) *room { return &room{free: bytes} }

// acquire waits for bytes until ctx is done, and reports whether it got them.
func (r *room) acquire(ctx context.Context, bytes int64) bool {
	r.mu.Lock()
	if r.waiting.Len() == 0 && r.free >= bytes {
		r.free -= bytes
		r.mu.Unlock()
		return true
	}
	c := &claim{bytes, make(chan struct{})}
	place := r.waiting.PushBack(c)
	r.mu.Unlock()
	select {
	case <-c.granted:
		return true
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-c.granted: // just before the lock
		r.free += bytes
	default:
		r.waiting.Remove(place)
	}
	r.grant()
	return false
}

func (r *room) release(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += bytes
	r.grant()
}

func (r *room) grant() {
	for first := r.waiting.Front(); first != nil; first = r.waiting.Front() {
		c := first.Value.(*claim)
		if c.bytes > r.free {
			return
		}
		r.free -= c.bytes
		r.waiting.Remove(first)
		close(c.granted)
	}
}

// admit waits for room for a body of the given Content-Length; without one the body may have the maximum size.
func (r *room) admit(ctx context.Context, length int64) (release func(), ok bool) {
	bytes := length
	if length < 0 {
		bytes = maxBody
	}
	if bytes <= ordinaryBody {
		return func() {}, true
	}
	ctx, cancel := context.WithTimeout(ctx, bodyPatience)
	defer cancel()
	if !r.acquire(ctx, bytes) {
		return nil, false
	}
	return func() { r.release(bytes) }, true
}

// connections closes connections if there are too many: otherwise any client that reaches the port could keep
// the API server out by opening all of them. It first closes the oldest that has not completed a request, and
// then the one that has been idle longest, which is never an API server's.
type connections struct {
	mu    sync.Mutex
	limit int
	all   map[net.Conn]*place
	fresh list.List // of net.Conn: no request completed yet, in the order of arrival
	idle  list.List // of net.Conn: longest idle first
}

// place is a connection's position in a list; in is nil while the connection serves a later request.
type place struct {
	in *list.List
	at *list.Element
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, all: map[net.Conn]*place{}}
}

// track is a http.Server's ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.move(conn, &c.fresh)
	case http.StateIdle:
		c.move(conn, &c.idle)
	case http.StateActive:
		if p := c.all[conn]; p != nil && p.in == &c.idle {
			c.move(conn, nil)
		}
	default:
		c.forget(conn)
	}
	for len(c.all) > c.limit {
		victim := conn
		for _, from := range []*list.List{&c.fresh, &c.idle} {
			if first := from.Front(); first != nil {
				victim = first.Value.(net.Conn)
				break
			}
		}
		c.forget(victim)
		_ = victim.Close()
	}
}

func (c *connections) move(conn net.Conn, to *list.List) {
	c.forget(conn)
	p := &place{in: to}
	if to != nil {
		p.at = to.PushBack(conn)
	}
	c.all[conn] = p
}

func (c *connections) forget(conn net.Conn) {
	if p := c.all[conn]; p != nil && p.in != nil {
		p.in.Remove(p.at)
	}
	delete(c.all, conn)
}
