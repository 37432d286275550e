package wan

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Link forwards TCP connections to a target.
type Link struct {
	address, target string
	roundTrip       time.Duration

	out, back atomic.Int64

	mu       sync.Mutex
	flows    *sync.Cond
	held     bool // bytes are accepted but not forwarded
	listener net.Listener
	open     map[net.Conn]bool
}

// New opens a link with a round-trip time from an address of this machine to a target, both host:port. Close it with
// [Link.Cut].
func New(address, target string, roundTrip time.Duration) (*Link, error) {
	l := &Link{address: address, target: target, roundTrip: roundTrip, open: map[net.Conn]bool{}}
	l.flows = sync.NewCond(&l.mu)
	if err := l.Restore(); err != nil {
		return nil, err
	}
	return l, nil
}

// RoundTrip is the link's round-trip time.
func (l *Link) RoundTrip() time.Duration { return l.roundTrip }

// Carried returns the number of bytes sent to the target and received from it.
func (l *Link) Carried() (out, back int64) { return l.out.Load(), l.back.Load() }

// Restore opens the link, or reopens it after [Link.Cut] or [Link.Swallow]. Bytes held back are delivered late.
func (l *Link) Restore() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = false
	l.flows.Broadcast()
	if l.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		return fmt.Errorf("open a link to %s: %w", l.target, err)
	}
	l.listener = listener
	go l.accept(listener)
	return nil
}

// Cut closes all connections and refuses new ones.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close() // no buffered writes
		l.listener = nil
	}
	for c := range l.open {
		_ = c.Close() // as above
	}
	l.held = false
	l.flows.Broadcast()
}

// Swallow accepts bytes but forwards nothing, in both directions, on open and new connections.
func (l *Link) Swallow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = true
}

func (l *Link) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go l.pass(listener, near)
	}
}

// pass serves one connection.
func (l *Link) pass(listener net.Listener, near net.Conn) {
	defer near.Close()
	if !l.enter(listener, near) {
		return
	}
	defer l.leave(near)
	time.Sleep(l.roundTrip) // the handshake
	l.wait()
	far, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !l.enter(listener, far) {
		return
	}
	defer l.leave(far)
	done := make(chan struct{}, 2)
	go func() { l.carry(far, near, &l.out); done <- struct{}{} }()
	go func() { l.carry(near, far, &l.back); done <- struct{}{} }()
	<-done
	<-done
}

// enter registers a connection, unless the link was cut since it was accepted.
func (l *Link) enter(listener net.Listener, c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != listener {
		return false
	}
	l.open[c] = true
	return true
}

func (l *Link) leave(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// wait blocks while the link swallows.
func (l *Link) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.held {
		l.flows.Wait()
	}
}

// packet is data in flight, which is delivered at due.
type packet struct {
	due  time.Time
	data []byte
}

// maxInFlight is the maximum number of packets in flight, of up to packetSize each: 4 MiB in total, so the longest link
// still carries 40 MB per second.
const (
	maxInFlight = 128
	packetSize  = 32 << 10
)

// carry forwards data from one end to the other until either ends.
func (l *Link) carry(to, from net.Conn, count *atomic.Int64) {
	packets := make(chan packet, maxInFlight)
	go func() {
		defer close(packets)
		for {
			data := make([]byte, packetSize)
			n, err := from.Read(data)
			if n > 0 {
				packets <- packet{time.Now().Add(l.roundTrip / 2), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range packets {
		time.Sleep(time.Until(p.due))
		l.wait()
		count.Add(int64(len(p.data))) // count before delivery
		if _, err := to.Write(p.data); err != nil {
			_ = from.Close() // ends the read loop above
			for range packets {
			}
			return
		}
	}
	// One end has closed: half-close the other, which may still answer.
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only if that end has closed, too
	}
}
