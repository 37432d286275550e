package failoverexporter

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
)

// site sends single requests to one endpoint. All signals share its connections: over HTTP/2 there is only one.
type site struct {
	config    EndpointConfig
	urls      [signalCount]string
	headers   http.Header
	timeout   time.Duration
	transport *http.Transport
	conns     *connections
	// trip is the transport, with authentication around it.
	trip http.RoundTripper
	// success is when it last accepted a request or a probe, in milliseconds since 1970; zero if it never did.
	success atomic.Int64
}

func newSite(c *Config, e EndpointConfig, set exporter.Settings) *site {
	s := &site{config: e, headers: http.Header{}, timeout: c.Timeout}
	for sig := range signalCount {
		s.urls[sig] = strings.TrimRight(e.Endpoint, "/") + "/v1/" + sig.String()
	}
	for _, list := range []configopaque.MapList{c.Headers, e.Headers} {
		for name, value := range list.Iter {
			s.headers.Set(name, string(value))
		}
	}
	s.headers.Set("Content-Type", contentType)
	if s.headers.Get("User-Agent") == "" {
		s.headers.Set("User-Agent", fmt.Sprintf("%s/%s (%s/%s)", set.BuildInfo.Description, set.BuildInfo.Version, runtime.GOOS, runtime.GOARCH))
	}
	return s
}

// connect creates the transport. It does not contact the endpoint.
func (s *site) connect(ctx context.Context, c *Config, host component.Host) error {
	tlsConfig, auth := c.TLS, c.Auth
	if s.config.TLS.HasValue() {
		tlsConfig = *s.config.TLS.Get()
	}
	if s.config.Auth.HasValue() {
		auth = s.config.Auth
	}
	loaded, err := tlsConfig.LoadTLSConfig(ctx)
	if err != nil {
		return fmt.Errorf("endpoint %s: load TLS settings: %w", s.config.Name, err)
	}
	s.conns = &connections{dial: (&net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: 15 * time.Second}).DialContext}
	s.transport = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            s.conns.dialContext,
		TLSClientConfig:        loaded,
		TLSHandshakeTimeout:    c.ConnectTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a small answer must not expand to a large one
		MaxResponseHeaderBytes: maxAnswer,
		IdleConnTimeout:        c.IdleConnTimeout,
		MaxIdleConnsPerHost:    8, // over HTTP/1.1 each request in flight has one
		ExpectContinueTimeout:  c.HTTP2ReadIdleTimeout + c.HTTP2PingTimeout + 100*time.Millisecond,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: c.HTTP2ReadIdleTimeout, PingTimeout: c.HTTP2PingTimeout},
	}
	s.trip = s.transport
	if auth.HasValue() {
		client, err := auth.Get().GetHTTPClientAuthenticator(ctx, host.GetExtensions())
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", s.config.Name, err)
		}
		if s.trip, err = client.RoundTripper(s.transport); err != nil {
			return fmt.Errorf("endpoint %s: set up authentication: %w", s.config.Name, err)
		}
	}
	return nil
}

func (s *site) close() {
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
}

// message is the content of one request.
type message struct {
	signal signal
	data   []byte
	// encoding is the Content-Encoding, empty for none.
	encoding string
	// expect waits for the endpoint to ask for the body.
	expect bool
	// sent counts the bytes of the body that the transport has read.
	sent *atomic.Int64
}

// post sends one request and reads the answer. Redirects are not followed: RoundTrip never does.
func (s *site) post(ctx context.Context, m message) answer {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if len(m.data) > 0 { // a probe must not wait for the one before it
		var leave func()
		limited, leave = s.conns.enter(limited)
		defer leave()
	}
	req, err := http.NewRequestWithContext(limited, http.MethodPost, s.urls[m.signal], nil)
	if err != nil {
		return answer{outcome: unexpected, message: clean(err.Error())}
	}
	req.Header = s.headers.Clone()
	req.Host = s.headers.Get("Host") // empty: the URL's
	if len(m.data) > 0 {
		req.ContentLength = int64(len(m.data))
		req.GetBody = func() (io.ReadCloser, error) {
			return &countingBody{Reader: bytes.NewReader(m.data), sent: m.sent}, nil
		}
		req.Body, _ = req.GetBody()
		if m.encoding != "" {
			req.Header.Set("Content-Encoding", m.encoding)
		}
		if m.expect {
			req.Header.Set("Expect", "100-continue")
		}
	}
	resp, err := s.trip.RoundTrip(req)
	if err != nil {
		return answer{outcome: classifyError(ctx, err), message: clean(err.Error())}
	}
	defer resp.Body.Close()
	a := readAnswer(resp, m.signal, time.Now())
	if a.outcome == delivered || a.outcome == partial {
		s.success.Store(time.Now().UnixMilli())
	}
	return a
}

// probe sends an empty request, which is valid OTLP.
func (s *site) probe(ctx context.Context, sig signal) answer {
	return s.post(ctx, message{signal: sig})
}

// classifyError maps an error of RoundTrip to an outcome. ctx is the caller's, not the limited one.
func classifyError(ctx context.Context, err error) outcome {
	var operation *net.OpError
	var network net.Error
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return timeout
	case errors.As(err, &record), errors.As(err, &certificate),
		errors.As(err, &operation) && (operation.Op == "remote error" || operation.Op == "local error"): // TLS alerts
		return handshake
	case operation != nil && operation.Op == "dial":
		if operation.Timeout() {
			return hung
		}
		return unreachable
	case strings.Contains(err.Error(), "client connection lost"), // net/http: a ping was not answered
		errors.As(err, &network) && network.Timeout(): // the TLS handshake was not
		return hung
	}
	return broken
}

// countingBody counts what is read.
type countingBody struct {
	*bytes.Reader
	sent *atomic.Int64
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.sent.Add(int64(n))
	return n, err
}

// WriteTo counts too, because the transport prefers it to Read.
func (b *countingBody) WriteTo(w io.Writer) (int64, error) {
	n, err := b.Reader.WriteTo(w)
	b.sent.Add(n)
	return n, err
}

func (b *countingBody) Close() error { return nil }
