package otlp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/telepod/telepod/archive"
)

// Protocols, named as in OTEL_EXPORTER_OTLP_PROTOCOL.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// Options configure a client.
type Options struct {
	// Endpoint is a URL: http:// for plain text, https:// for TLS. With the HTTP protocol, /v1/traces etc. are
	// appended.
	Endpoint string
	// Protocol is [GRPC] or [HTTP].
	Protocol string
	// Headers are added to each request.
	Headers map[string]string
	// TLS is used for https; nil trusts the system's root certificates.
	TLS *tls.Config
	// Timeout of one attempt.
	Timeout time.Duration
	// GiveUp is how long to retry a request before the receiver counts as unavailable.
	GiveUp time.Duration
	// Pause is the first pause between attempts; it doubles up to MaxPause.
	Pause, MaxPause time.Duration
	// Retry, if not nil, is called before each pause.
	Retry func(reason error, pause time.Duration)
}

// Client is an [archive.Sender].
type Client struct {
	options Options
	transport
}

var _ archive.Sender = (*Client)(nil)

// transport makes one attempt. It returns a transientError, an [archive.RefusedError], or an error that
// concerns the receiver as a whole.
type transport interface {
	attempt(context.Context, archive.Request) (archive.Answer, error)
	close() error
}

// transientError is worth a retry.
type transientError struct {
	error
	after time.Duration // minimum pause before the next attempt; 0 if the receiver did not specify one
}

func (e transientError) Unwrap() error { return e.error }

// New creates a client. It connects on the first Send.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("read endpoint %q: write it as http://host:4317, or https:// for TLS", o.Endpoint)
	}
	c := &Client{options: o}
	switch o.Protocol {
	case GRPC:
		c.transport, err = newGRPC(u, o)
	case HTTP:
		c.transport = newHTTP(u, o)
	default:
		err = fmt.Errorf("unknown protocol %q: use %s or %s", o.Protocol, GRPC, HTTP)
	}
	return c, err
}

// Close closes the connections.
func (c *Client) Close() error { return c.close() }

// Send implements [archive.Sender]. It retries for up to Options.GiveUp.
func (c *Client) Send(ctx context.Context, r archive.Request) (archive.Answer, error) {
	started, pause := time.Now(), c.options.Pause
	for {
		answer, err := c.try(ctx, r)
		transient, again := errors.AsType[transientError](err)
		if !again || ctx.Err() != nil {
			return answer, err
		}
		next := max(jitter(pause), transient.after)
		if time.Since(started)+next > c.options.GiveUp {
			return answer, fmt.Errorf("send to %s: retried for %v: %w", c.options.Endpoint, c.options.GiveUp, err)
		}
		if c.options.Retry != nil {
			c.options.Retry(err, next)
		}
		select {
		case <-ctx.Done():
			return answer, ctx.Err()
		case <-time.After(next):
		}
		pause = min(2*pause, c.options.MaxPause)
	}
}

func (c *Client) try(ctx context.Context, r archive.Request) (archive.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	return c.attempt(ctx, r)
}

// jitter keeps parallel senders from retrying at the same time.
func jitter(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2+1)
}

// answerOf converts a response. The responses of the three signals differ only in their names.
func answerOf(r *coltrace.ExportTraceServiceResponse) archive.Answer {
	partial := r.GetPartialSuccess()
	return archive.Answer{Rejected: partial.GetRejectedSpans(), Message: partial.GetErrorMessage()}
}
