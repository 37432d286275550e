package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// listener is one port with its handler.
type listener struct {
	name, address string
	handler       http.Handler
	log           *slog.Logger
	// certificate, if set, enables HTTPS.
	certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	net.Listener
	server *http.Server
}

// Timeouts. An AdmissionReview arrives immediately or not at all. Idle connections are kept longer than in API
// servers (90 s), so the server never closes one that the client is about to use.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 20 * time.Second
	writeTimeout  = 40 * time.Second
	idleTimeout   = 5 * time.Minute
	maxHeader     = 64 << 10
)

func (l *listener) open(ctx context.Context) error {
	var config net.ListenConfig
	opened, err := config.Listen(ctx, "tcp", l.address)
	if err != nil {
		return fmt.Errorf("serve %s: %w: choose another address", l.name, err)
	}
	if l.certificate != nil {
		opened = tls.NewListener(opened, &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: l.certificate,
			// API servers use HTTP/1.1 for webhooks, to spread requests over replicas
			// (kubernetes/kubernetes#75791). Without HTTP/2, its floods (CVE-2023-44487) are not possible.
			NextProtos: []string{"http/1.1"},
		})
	}
	l.Listener = opened
	l.server = &http.Server{
		Handler: l.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ConnState: newConnections(maxConnections).track,
		// Mostly handshakes of API servers that do not trust the certificate.
		ErrorLog: slog.NewLogLogger(l.log.With("port", l.name).Handler(), slog.LevelWarn),
	}
	return nil
}

func (l *listener) serve() error {
	if err := l.server.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// finish accepts no more requests and waits for those in flight.
func (l *listener) finish(ctx context.Context) error { return l.server.Shutdown(ctx) }

func (l *listener) close() {
	_ = l.server.Close()
	_ = l.Listener.Close() // in case it was never served
}
