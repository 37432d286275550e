package health

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// connection opens connections and remembers how far it came, which neither gRPC nor HTTP tells in
// a form that a program can read.
type connection struct {
	tls *tls.Config

	mu    sync.Mutex
	stage Stage // that is under way
	err   error // that ended it
}

func (c *connection) at(stage Stage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stage, c.err = stage, nil
}

func (c *connection) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil { // the first has caused the others
		c.err = err
	}
}

func (c *connection) reached() (Stage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stage, c.err
}

// dial connects. What follows is the handshake or, without TLS, the protocol.
func (c *connection) dial(ctx context.Context, t target) (net.Conn, error) {
	c.at(StageAddress)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", t.address)
	if err != nil {
		c.fail(err)
		return nil, err
	}
	c.at(StageProtocol)
	return &watched{conn, c}, nil
}

// shakeHands makes a connection secure, or closes it.
func (c *connection) shakeHands(ctx context.Context, t target, conn net.Conn) (net.Conn, error) {
	c.at(StageHandshake)
	config := &tls.Config{}
	if c.tls != nil {
		config = c.tls.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = t.host
	}
	if !t.http {
		config.NextProtos = []string{"h2"}
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.fail(err)
		conn.Close()
		return nil, err
	}
	c.at(StageProtocol)
	return &watched{secure, c}, nil
}

// watched remembers why a connection broke.
type watched struct {
	net.Conn
	c *connection
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil {
		w.c.fail(err)
	}
	return n, err
}
