package pipeline

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// Link forwards TCP connections to a target, until a test breaks it.
type Link struct {
	// Address is the address that the link listens on.
	Address string

	mu       sync.Mutex
	targets  []string // connections alternate between them
	accepted int
	flows    *sync.Cond
	held     bool // bytes are accepted but not forwarded
	listener net.Listener
	open     map[net.Conn]bool
	passed   time.Time // when bytes were last forwarded
	bytes    int64     // forwarded, in both directions
}

// Passed is the number of bytes that the link has forwarded, in both directions.
func (l *Link) Passed() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

// NewLink returns a link from an address to a target. It closes with the test.
func NewLink(t testing.TB, address, target string) *Link {
	t.Helper()
	l := &Link{Address: address, targets: []string{target}, open: map[net.Conn]bool{}}
	l.flows = sync.NewCond(&l.mu)
	l.Restore(t)
	t.Cleanup(l.Cut)
	return l
}

// Restore accepts connections again after [Link.Cut].
func (l *Link) Restore(t testing.TB) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", l.Address)
	if err != nil {
		t.Fatalf("listen for a link: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener, l.held = listener, false
	go l.accept(listener)
}

// Cut closes all connections and refuses new ones, like a machine on which the process is not running.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.listener.Close() // fails only if it is closed already
	for c := range l.open {
		_ = c.Close()
	}
	l.held = false
	l.flows.Broadcast()
}

// Swallow accepts bytes but forwards nothing, in both directions, on open and new connections: a partition.
func (l *Link) Swallow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = true
}

// AwaitQuiet waits until nothing has passed for 100 ms: no request or answer is in flight. A fault that is injected
// then does not lose an acknowledgement, which would cause a duplicate.
func (l *Link) AwaitQuiet(t testing.TB) {
	t.Helper()
	Await(t, Patience, "a pause on the link to "+l.targets[0], func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return time.Since(l.passed) > 100*time.Millisecond
	})
}

// AddTarget makes new connections alternate between all targets, like a load balancer. Open connections stay open.
func (l *Link) AddTarget(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.targets = append(l.targets, target)
}

// next is the target of a new connection.
func (l *Link) next() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted++
	return l.targets[l.accepted%len(l.targets)]
}

// Release ends [Link.Swallow]; delayed bytes are delivered late.
func (l *Link) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = false
	l.flows.Broadcast()
}

func (l *Link) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go l.pass(near)
	}
}

func (l *Link) pass(near net.Conn) {
	defer near.Close()
	l.wait(0)
	far, err := net.Dial("tcp", l.next())
	if err != nil {
		return
	}
	defer far.Close()
	l.mu.Lock()
	l.open[near], l.open[far] = true, true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.open, near)
		delete(l.open, far)
	}()
	done := make(chan struct{}, 2)
	go l.copy(far, near, done)
	go l.copy(near, far, done)
	<-done
}

// wait blocks while the link swallows, then counts the bytes.
func (l *Link) wait(bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.held {
		l.flows.Wait()
	}
	l.passed = time.Now()
	l.bytes += int64(bytes)
}

func (l *Link) copy(to, from net.Conn, done chan<- struct{}) {
	defer func() { done <- struct{}{} }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		l.wait(n)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
