package supervisor

import "sync"

// ring keeps the last bytes that were written to it.
type ring struct {
	mu    sync.Mutex
	bytes []byte // grows up to its capacity, then is overwritten from next on
	next  int
}

func newRing(size int) *ring { return &ring{bytes: make([]byte, 0, size)} }

func (r *ring) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	written := len(p)
	if size := cap(r.bytes); len(p) > size {
		p = p[len(p)-size:]
	}
	if free := cap(r.bytes) - len(r.bytes); free > 0 {
		n := min(free, len(p))
		r.bytes, p = append(r.bytes, p[:n]...), p[n:]
	}
	for len(p) > 0 {
		n := copy(r.bytes[r.next:], p)
		r.next, p = (r.next+n)%len(r.bytes), p[n:]
	}
	return written, nil
}

// String returns what is kept, oldest first.
func (r *ring) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.bytes[r.next:]) + string(r.bytes[:r.next])
}
