package health

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// connection opens connections and records the stage reached and the first error. Neither gRPC nor HTTP reports
// these in a machine-readable form.
type connection struct {
	tls *tls.Config

	mu      sync.Mutex
	stage   Stage  // in progress
	err     error  // that ended it
	opening []byte // the first bytes that the server sent, without TLS
}

func (c *connection) at(stage Stage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stage, c.err = stage, nil
}

func (c *connection) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil || isAlert(err) { // later errors follow from the first, and all of them from an alert
		c.err = err
	}
}

func (c *connection) reached() (Stage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stage, c.err
}

// keepOpening records the first bytes that the server sends.
func (c *connection) keepOpening(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opening = append(c.opening, b[:min(len(b), len(startOfHTTP)-len(c.opening))]...)
}

const startOfHTTP = "HTTP/"

// notHTTP describes a server that does not answer with HTTP/1, by its first bytes. It is nil if the server does, or sent
// nothing. The errors of net/http do not: they depend on whether the server or the client spoke first.
func (c *connection) notHTTP() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.opening) == 0 || strings.HasPrefix(startOfHTTP, string(c.opening)):
		return nil
	case bytes.HasPrefix(c.opening, []byte{alertRecord, 3}):
		return errSpeaksTLS
	}
	return errNotHTTP
}

// alertRecord is the type of a TLS record with an alert (RFC 8446, section 5.1); the major version 3 follows.
const alertRecord = 21

// dial connects. The next stage is the handshake or, without TLS, the protocol.
func (c *connection) dial(ctx context.Context, t target) (net.Conn, error) {
	c.at(StageAddress)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", t.address)
	if err != nil {
		c.fail(err)
		return nil, err
	}
	c.at(StageProtocol)
	return &watched{Conn: conn, c: c, plain: !t.secure}, nil
}

// handshake performs the TLS handshake; on error it closes the connection.
func (c *connection) handshake(ctx context.Context, t target, conn net.Conn) (net.Conn, error) {
	c.at(StageHandshake)
	config, asked := c.config(t)
	secure := tls.Client(conn, config)
	err := secure.HandshakeContext(ctx)
	var first []byte
	if err == nil && *asked {
		first, err = listen(secure)
	}
	if err != nil {
		c.fail(err)
		conn.Close()
		return nil, err
	}
	c.at(StageProtocol)
	c.keepOpening(first)
	return &watched{Conn: secure, c: c, first: first, plain: true}, nil
}

// config returns the configuration of the handshake. Afterwards, asked reports whether the server requested a
// certificate.
func (c *connection) config(t target) (config *tls.Config, asked *bool) {
	config, asked = &tls.Config{}, new(bool)
	if c.tls != nil {
		config = c.tls.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = t.host
	}
	if !t.http {
		config.NextProtos = []string{"h2"}
	}
	certificates := config.Certificates
	config.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		*asked = true
		for i := range certificates {
			if request.SupportsCertificate(&certificates[i]) == nil {
				return &certificates[i], nil
			}
		}
		return &tls.Certificate{}, nil // no certificate: the server decides
	}
	return config, asked
}

// alertWait is how long to wait for a message from a server that requested a certificate.
const alertWait = 300 * time.Millisecond

// listen waits for the server to accept or reject the client's certificate. In TLS 1.3 a rejection arrives
// after the handshake, and is lost if the client first writes to the closed connection. gRPC servers speak
// first, so there is usually no wait; listen returns the bytes it has read.
func listen(secure *tls.Conn) (first []byte, err error) {
	if err := secure.SetReadDeadline(time.Now().Add(alertWait)); err != nil {
		return nil, err
	}
	first = make([]byte, 1)
	n, err := secure.Read(first)
	if n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, err
	}
	return first[:n], secure.SetReadDeadline(time.Time{})
}

// watched records why a connection broke.
type watched struct {
	net.Conn
	c     *connection
	first []byte // already read
	plain bool   // not encrypted, or decrypted already
}

func (w *watched) Read(p []byte) (int, error) {
	if len(w.first) > 0 {
		n := copy(p, w.first)
		w.first = w.first[n:]
		return n, nil
	}
	n, err := w.Conn.Read(p)
	if w.plain {
		w.c.keepOpening(p[:n])
	}
	if err != nil {
		w.c.fail(err)
	}
	return n, err
}
