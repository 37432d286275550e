package health

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"
)

// DefaultTimeout is the time limit of one check.
const DefaultTimeout = 5 * time.Second

// Options of a check.
type Options struct {
	// Timeout of the whole check; 0 means [DefaultTimeout].
	Timeout time.Duration
	// TLS has the trusted roots and the client's certificate; nil means the system's roots and no certificate.
	TLS *tls.Config
}

// Answer is the response of a Collector that serves.
type Answer struct {
	// By is the source of the answer.
	By Source
	// Detail is additional information, if any.
	Detail string
}

// Source is a kind of endpoint that can answer for a Collector.
type Source string

// Sources, from the most to the least informative about the Collector as a whole.
const (
	ByHealthService Source = "grpc.health.v1" // gRPC health service
	ByHTTP          Source = "http"           // health endpoint
	ByOTLP          Source = "otlp"           // telemetry receiver
)

// Stage is the part of a check that failed.
type Stage string

// Stages, in order.
const (
	// StageAddress: the endpoint is invalid, its name does not resolve, or nothing listens there.
	StageAddress Stage = "address"
	// StageHandshake: the TLS negotiation failed.
	StageHandshake Stage = "handshake"
	// StageProtocol: the connection works, but the server does not speak the protocol.
	StageProtocol Stage = "protocol"
	// StageStatus: a Collector answers that it does not serve, or refuses this client.
	StageStatus Stage = "status"
)

// Error reports why an endpoint is not serving.
type Error struct {
	Endpoint string
	Stage    Stage
	Err      error
	// Advice is what to do about it; may be empty.
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

// Check checks one Collector. The endpoint is grpc://host:port, grpcs:// with TLS, http://host:port/path or
// https://. Port 4318 and a path that ends in /v1/traces mean OTLP over HTTP. A bare host:port means HTTP for
// ports 13133 and 4318, and gRPC for others; with TLS if o.TLS is set.
//
// A nil error means that the Collector serves; any other error is an [*Error].
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
