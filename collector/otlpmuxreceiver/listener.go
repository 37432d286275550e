package otlpmuxreceiver

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// connections counts the open connections of all endpoints and refuses those above the limits.
type connections struct {
	config ConnectionsConfig
	report *telemetry

	mu    sync.Mutex
	total int
	peers map[string]int
}

func newConnections(config ConnectionsConfig, report *telemetry) *connections {
	return &connections{config: config, report: report, peers: make(map[string]int)}
}

func (c *connections) admit(peer string) refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.config.Max > 0 && c.total >= c.config.Max:
		return refusedConnections
	case c.config.MaxPerPeer > 0 && c.peers[peer] >= c.config.MaxPerPeer:
		return refusedPeerConnections
	}
	c.total++
	c.peers[peer]++
	return ""
}

func (c *connections) release(peer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.peers[peer]--; c.peers[peer] == 0 {
		delete(c.peers, peer)
	}
}

func (c *connections) open() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(c.total)
}

// listener wraps the connections that the limits allow, and closes the others immediately.
type listener struct {
	net.Listener
	connections *connections
	plaintext   bool
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := peerOf(accepted.RemoteAddr())
		if why := l.connections.admit(peer); why != "" {
			l.connections.report.refuseConnection(why)
			_ = accepted.Close()
			continue
		}
		c := &conn{Conn: accepted, peer: peer, connections: l.connections}
		c.firstRead.Store(l.plaintext)
		if age := l.connections.config.MaxAge; age > 0 {
			c.expires = time.Now().Add(age - age/10 + rand.N(age/5+1))
		}
		return c, nil
	}
}

// conn is an accepted TCP connection, below TLS.
type conn struct {
	net.Conn
	peer        string
	expires     time.Time // zero: never
	connections *connections

	firstRead atomic.Bool // the next read is the first of a plaintext connection
	known     atomic.Bool // its protocol has been counted
	closed    sync.Once
}

// tlsHandshakeRecord is the first byte of a TLS ClientHello (RFC 8446, section 5.1).
const tlsHandshakeRecord = 0x16

// Read detects clients that speak TLS to a plaintext port: net/http answers them with a plain
// "400 Bad Request", which few clients show.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.firstRead.Load() && c.firstRead.CompareAndSwap(true, false) && p[0] == tlsHandshakeRecord {
		c.connections.report.refuseConnection(refusedTLS)
	}
	return n, err
}

// CloseWrite lets net/http close a connection without losing the response to a body that it did
// not read.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *conn) Close() error {
	c.closed.Do(func() { c.connections.release(c.peer) })
	return c.Conn.Close()
}

func (c *conn) expired() bool { return !c.expires.IsZero() && time.Now().After(c.expires) }

type connKey struct{}

// withConn is the http.Server's ConnContext: it keeps the connection for its requests.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(ctx context.Context) *conn { return ctx.Value(connKey{}).(*conn) }

// peerOf returns a remote address without its port.
func peerOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		if ip, ok := netip.AddrFromSlice(tcp.IP); ok {
			return ip.Unmap().String()
		}
	}
	return addr.String()
}
