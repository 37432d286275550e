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

// The protocols, by the names that OTEL_EXPORTER_OTLP_PROTOCOL has for them.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// Options say where and how to send.
type Options struct {
	// Endpoint is a URL: http:// for plain text, https:// for TLS. Over HTTP, /v1/traces and so on are appended.
	Endpoint string
	// Protocol is [GRPC] or [HTTP].
	Protocol string
	// Headers go with each request.
	Headers map[string]string
	// TLS is for https; nil trusts the system's authorities.
	TLS *tls.Config
	// Timeout is that of one attempt.
	Timeout time.Duration
	// GiveUp is how long a request is tried again before the receiver counts as gone.
	GiveUp time.Duration
	// Pause is the first pause between attempts; it doubles up to MaxPause.
	Pause, MaxPause time.Duration
	// Retry, if not nil, is told why there is a pause.
	Retry func(reason error, pause time.Duration)
}

// Client is an [archive.Sender].
type Client struct {
	options Options
	transport
}

var _ archive.Sender = (*Client)(nil)

// transport makes one attempt. Its errors are a transientError, an [archive.RefusedError], or about the
// receiver as a whole.
type transport interface {
	attempt(context.Context, archive.Request) (archive.Answer, error)
	close() error
}

// transientError may go away by itself.
type transientError struct {
	error
	after time.Duration // not to be tried again before; 0 if the receiver did not say
}

func (e transientError) Unwrap() error { return e.error }

// New makes a client. It connects when it has something to send.
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
		err = fmt.Errorf("choose a protocol: %q is neither %s nor %s", o.Protocol, GRPC, HTTP)
	}
	return c, err
}

// Close ends the connections.
func (c *Client) Close() error { return c.close() }

// Send implements [archive.Sender]: it tries again, with pauses, for as long as Options.GiveUp.
func (c *Client) Send(ctx context.Context, r archive.Request) (archive.Answer, error) {
	began, pause := time.Now(), c.options.Pause
	for {
		answer, err := c.try(ctx, r)
		transient, again := errors.AsType[transientError](err)
		if !again || ctx.Err() != nil {
			return answer, err
		}
		next := max(jitter(pause), transient.after)
		if time.Since(began)+next > c.options.GiveUp {
			return answer, fmt.Errorf("send to %s: tried again for %v: %w", c.options.Endpoint, c.options.GiveUp, err)
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

// jitter keeps parallel senders from coming back all at once.
func jitter(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2+1)
}

// answerOf reads a response. Those of the three signals are the same in all but names.
func answerOf(r *coltrace.ExportTraceServiceResponse) archive.Answer {
	partial := r.GetPartialSuccess()
	return archive.Answer{Rejected: partial.GetRejectedSpans(), Message: partial.GetErrorMessage()}
}
