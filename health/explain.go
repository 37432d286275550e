package health

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"google.golang.org/grpc/status"
)

// errSpeaksTLS stands for a Go server's answer to plain HTTP.
var errSpeaksTLS = errors.New("it expects TLS")

// errNotHTTP stands for an answer in another protocol.
var errNotHTTP = errors.New("the answer is not HTTP/1.1")

// errSilent replaces the error of a deadline, which does not mention the endpoint.
var errSilent = errors.New("no answer in time")

// explain finds the stage at which a check failed. An error recorded by the connection is more precise than the
// one that gRPC or HTTP reports.
func (c *connection) explain(ctx context.Context, t target, err error) *Error {
	stage, cause := c.reached()
	var no refusal
	switch {
	case errors.As(err, &no):
		return &Error{Endpoint: t.endpoint, Stage: StageStatus, Err: no, Advice: "look at the Collector's log"}
	case stage == "":
		stage, cause = StageAddress, err
	case isAlert(cause):
		stage = StageHandshake // in TLS 1.3 the server rejects the client's certificate late
	case stage == StageProtocol && t.http && c.notHTTP() != nil:
		cause = c.notHTTP()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		cause = errSilent
	case stage == StageProtocol:
		cause = plain(err, cause)
	}
	if cause == nil {
		cause = err
	}
	return &Error{Endpoint: t.endpoint, Stage: stage, Err: cause, Advice: advice(t, stage, cause)}
}

// plain unwraps the errors that HTTP and gRPC add around a cause. broke is the error of the connection, if any.
func plain(err, broke error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return cmp.Or(broke, request.Err)
	}
	if s, ok := status.FromError(err); ok {
		return errors.New(s.Message())
	}
	return err
}

// isAlert reports whether the other side aborted the handshake.
func isAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}

func advice(t target, stage Stage, err error) string {
	switch stage {
	case StageAddress:
		return adviceOnAddress(err)
	case StageHandshake:
		return adviceOnHandshake(t, err)
	case StageProtocol:
		return adviceOnProtocol(t, err)
	}
	return ""
}

func adviceOnAddress(err error) string {
	_, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case unresolved:
		return "check the name"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the port, and that the Collector runs"
	case errors.Is(err, errSilent):
		return "packets may be dropped on the way: check routes, firewalls and security groups"
	}
	return ""
}

func adviceOnHandshake(t target, err error) string {
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	names, otherName := errors.AsType[x509.HostnameError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case noTLS:
		return "it does not use TLS: use " + t.scheme(false)
	case unknown:
		return "use the CA that signed its certificate"
	case otherName && len(names.Certificate.DNSNames) > 0:
		return fmt.Sprintf("use the name in its certificate: %s", strings.Join(names.Certificate.DNSNames, ", "))
	case isInvalid && invalid.Reason == x509.Expired:
		return "renew the Collector's certificate, or correct the clock"
	case isAlert(err) && strings.Contains(err.Error(), "application protocol"):
		return "it uses TLS, but with a protocol other than gRPC"
	case isAlert(err):
		return "the Collector rejected the client certificate: use a valid one, signed by a CA that it trusts"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "it closed the connection: if it does not use TLS, use " + t.scheme(false)
	case errors.Is(err, errSilent):
		return "something accepts connections there but does not respond"
	}
	return ""
}

func adviceOnProtocol(t target, err error) string {
	text := err.Error()
	switch {
	case errors.Is(err, errSilent):
		return "something accepts connections there but does not respond"
	case errors.Is(err, errSpeaksTLS):
		return "use " + t.scheme(true)
	case !t.http && strings.Contains(text, "HTTP/1.1 header"):
		return "it speaks HTTP: use http:// or https://"
	case !t.http && !t.secure && (strings.Contains(text, "EOF") || strings.Contains(text, "reset")):
		return "it closed the connection: if it expects TLS, use " + t.scheme(true)
	case t.secure && (strings.Contains(text, "EOF") || strings.Contains(text, "reset") || strings.Contains(text, "broken pipe")):
		return "it closed the connection after the handshake: it may have rejected the client certificate"
	case t.http && (errors.Is(err, errNotHTTP) || errors.Is(err, io.EOF)):
		return "it does not speak HTTP/1.1: for gRPC use grpc:// or grpcs://"
	}
	return ""
}

// scheme returns the scheme of the target's protocol, with or without TLS.
func (t target) scheme(secure bool) string {
	switch {
	case t.http && secure:
		return "https://"
	case t.http:
		return "http://"
	case secure:
		return "grpcs://"
	}
	return "grpc://"
}
