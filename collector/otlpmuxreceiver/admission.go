package otlpmuxreceiver

import "sync"

// leastReservation is the minimum that a request counts: its goroutine, headers and connection buffers
// need memory too, however small its body is.
const leastReservation = 4 << 10

// firstRequest is the size up to which a peer with nothing in flight is admitted whenever its request
// fits. A larger request must respect the threshold. Otherwise three peers that announce the largest
// bodies, and never send them, would keep everyone else out.
const firstRequest = 1 << 20

// admission accounts for the bytes of all requests in flight, by peer.
//
// New requests are admitted up to three quarters of the limit. The rest is for requests that turn out
// larger than announced, so that work in progress is seldom thrown away.
// A peer has a dynamic threshold (Choudhury and Hahne, "Dynamic queue length thresholds", 1998): it may
// occupy at most a multiple of what is still free. So a few greedy peers always leave something free for
// the next one, and peers need not be configured in advance.
type admission struct {
	limit      int64   // bytes, for everything in flight
	admitLimit int64   // bytes, for admitting new requests
	alpha      float64 // multiple of the free bytes that a peer may occupy; 0: no threshold

	mu    sync.Mutex
	total int64
	peers map[string]int64
}

func newAdmission(limit int64, share float64) *admission {
	a := &admission{limit: limit, admitLimit: limit / 4 * 3, peers: make(map[string]int64)}
	if share < 1 {
		a.alpha = share / (1 - share)
	}
	return a
}

// admit reserves n bytes for a peer, or reports why it cannot.
func (a *admission) admit(peer string, n int64) (*reservation, refusal) {
	n = max(n, leastReservation)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.total+n > a.admitLimit {
		return nil, refusedMemory
	}
	used := a.peers[peer]
	free := a.admitLimit - a.total - n
	if (used > 0 || n > firstRequest) && a.alpha > 0 && float64(used+n) > a.alpha*float64(free) {
		return nil, refusedShare
	}
	a.total += n
	a.peers[peer] = used + n
	return &reservation{admission: a, peer: peer, n: n}, ""
}

func (a *admission) inFlight() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

// reservation is what one admitted request occupies. It is used by one goroutine.
type reservation struct {
	admission *admission
	peer      string
	n         int64
}

// atLeast grows the reservation to n bytes if it is smaller, and reports whether there was room.
func (r *reservation) atLeast(n int64) bool { return n <= r.n || r.set(n) }

// set changes the reservation to n bytes. It reports false, and changes nothing, if the limit
// does not allow it; a smaller reservation is always allowed.
func (r *reservation) set(n int64) bool { return r.resize(max(n, leastReservation)) }

// release frees the reservation; a second call has no effect.
func (r *reservation) release() { r.resize(0) }

func (r *reservation) resize(n int64) bool {
	a := r.admission
	a.mu.Lock()
	defer a.mu.Unlock()
	delta := n - r.n
	if delta > 0 && a.total+delta > a.limit {
		return false
	}
	r.n = n
	a.total += delta
	if used := a.peers[r.peer] + delta; used > 0 {
		a.peers[r.peer] = used
	} else {
		delete(a.peers, r.peer)
	}
	return true
}
