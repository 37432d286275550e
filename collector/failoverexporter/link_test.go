package failoverexporter

import (
	"net"
	"sync"
	"testing"
)

// link forwards TCP. While it is frozen, it accepts data, and forwards all of it when it thaws, as the kernel does for a
// stopped process. While it is cut, it refuses connections.
type link struct {
	t        *testing.T
	address  string
	target   string
	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	thawed   chan struct{} // closed while traffic flows
	// opened and ended count connections of clients.
	opened, ended int
	bytes         int64
}

func newLink(t *testing.T, target string) *link {
	l := &link{t: t, target: target, conns: map[net.Conn]bool{}, thawed: make(chan struct{}), address: "127.0.0.1:0"}
	close(l.thawed)
	l.mend()
	return l
}

// mend listens (again) on the same port.
func (l *link) mend() {
	l.t.Helper()
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	l.listener, l.address = listener, listener.Addr().String()
	l.mu.Unlock()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go l.serve(c)
		}
	}()
}

// cut closes the port and all connections.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.listener.Close()
	for c := range l.conns {
		_ = c.Close()
	}
	clear(l.conns)
}

func (l *link) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.thawed = make(chan struct{})
}

func (l *link) thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.thawed)
}

func (l *link) serve(c net.Conn) {
	s, err := net.Dial("tcp", l.target)
	if err != nil {
		_ = c.Close()
		return
	}
	l.mu.Lock()
	l.conns[c], l.conns[s] = true, true
	l.opened++
	l.mu.Unlock()
	go l.copy(s, c)
	l.copy(c, s)
	l.mu.Lock()
	l.ended++
	l.mu.Unlock()
}

// copy forwards one direction. While frozen, what was read waits, and is delivered later even if its sender has
// hung up.
func (l *link) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		l.mu.Lock()
		thawed := l.thawed
		l.bytes += int64(n)
		l.mu.Unlock()
		<-thawed
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

func (l *link) accepted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

func (l *link) closed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}
