package health

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"
)

// DefaultTimeout is how long one check may take.
const DefaultTimeout = 5 * time.Second

// Options of a check.
type Options struct {
	// Timeout is for all of one check; [DefaultTimeout] where it is 0.
	Timeout time.Duration
	// TLS has the roots to trust and the client's certificate; nil means the system's roots and
	// none.
	TLS *tls.Config
}

// Answer is what a Collector that serves has said.
type Answer struct {
	// By is what answered.
	By Source
	// Detail is what it said beyond that, if anything.
	Detail string
}

// Source is what can answer for a Collector.
type Source string

// Sources, from the most to the least that they say about the Collector as a whole.
const (
	ByHealthService Source = "grpc.health.v1" // the gRPC health service
	ByHTTP          Source = "http"           // the health endpoint
	ByOTLP          Source = "otlp"           // the receiver of telemetry itself
)

// Stage is how far a check came.
type Stage string

// Stages, in order.
const (
	// StageAddress: the endpoint cannot be read, its name not resolved, or nothing listens there.
	StageAddress Stage = "address"
	// StageHandshake: something listens, but the two sides do not agree on TLS.
	StageHandshake Stage = "handshake"
	// StageProtocol: connected, but what answers does not speak the protocol.
	StageProtocol Stage = "protocol"
	// StageStatus: a Collector answers that it does not serve, or not us.
	StageStatus Stage = "status"
)

// Error is why an endpoint does not count as serving.
type Error struct {
	Endpoint string
	Stage    Stage
	Err      error
	// Advice is what to do about it; it may be empty.
	Advice string
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("check %s: %s: %v", e.Endpoint, e.Stage, e.Err)
	if e.Advice != "" {
		text += ": " + e.Advice
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Check asks one Collector. The endpoint is grpc://host:port, grpcs:// with TLS, http://host:port/path
// or https://. Port 4318 and a path that ends in /v1/traces mean OTLP over HTTP. A bare host:port means HTTP for
// the ports 13133 and 4318 and gRPC for others, with TLS if o.TLS is set.
//
// A nil error means that it serves; others are an [*Error].
func Check(ctx context.Context, endpoint string, o Options) (Answer, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	t, err := parse(endpoint, o.TLS != nil)
	if err != nil {
		return Answer{}, &Error{Endpoint: endpoint, Stage: StageAddress, Err: err}
	}
	c := &connection{tls: o.TLS}
	ask := checkGRPC
	if t.http {
		ask = checkHTTP
	}
	answer, err := ask(ctx, t, c)
	if err == nil {
		return answer, nil
	}
	return Answer{}, c.explain(ctx, t, err)
}
