package failoverexporter

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
)

// connections counts the ready connections to a site. net/http opens one for each request that finds none, although over
// HTTP/2 one serves them all. Without this gate, three signals that wake up together, or all batches that move to a
// backup, would each pay for a TLS handshake, and so would the site.
type connections struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	ready int
	// pending is closed when the request that opens the first connection has it, or has failed.
	pending chan struct{}
}

// connection is a TCP connection to a site, below TLS.
type connection struct {
	net.Conn
	owner *connections
	ready bool // guarded by owner.mu
}

func (c *connections) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: raw, owner: c}, nil
}

// Close closes the connection and no longer counts it.
func (c *connection) Close() error {
	c.owner.mu.Lock()
	if c.ready {
		c.ready = false
		c.owner.ready--
	}
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// enter waits while another request is opening the first connection. It returns the context for the caller's request, and
// a function to call when that has ended. The others proceed even if the first request fails.
func (c *connections) enter(ctx context.Context) (context.Context, func()) {
	c.mu.Lock()
	if c.ready > 0 {
		c.mu.Unlock()
		return ctx, func() {}
	}
	if c.pending != nil {
		wait := c.pending
		c.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
		}
		return c.traced(ctx), func() {}
	}
	pending := make(chan struct{})
	c.pending = pending
	c.mu.Unlock()
	return c.traced(ctx), func() { c.finish(pending) }
}

// traced counts the connection of a request as ready when it has one.
func (c *connections) traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		below := info.Conn
		if t, ok := below.(*tls.Conn); ok {
			below = t.NetConn()
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if own, ok := below.(*connection); ok && !own.ready {
			own.ready = true
			c.ready++
		}
		if c.pending != nil {
			close(c.pending)
			c.pending = nil
		}
	}})
}

func (c *connections) finish(pending chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == pending {
		close(pending)
		c.pending = nil
	}
}
