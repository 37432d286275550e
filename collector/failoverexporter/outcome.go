package failoverexporter

import "net/http"

// outcome is the result of one request to one endpoint. The set is closed: it labels a metric.
type outcome string

const (
	delivered outcome = "delivered"
	// partial: delivered, but the endpoint rejected some of the items.
	partial outcome = "partial"
	// rejected: the endpoint will never accept this batch (400, 413).
	rejected outcome = "rejected"
	// throttled: 429 or 503, perhaps with Retry-After.
	throttled outcome = "throttled"
	// unavailable: 502 or 504, from a load balancer in front of the endpoint.
	unavailable outcome = "unavailable"
	// failing: 500 or another 5xx, which OTLP does not allow to retry: the batch may be the cause.
	failing outcome = "failing"
	// denied: 401 or 403. The site does not accept this client; another may.
	denied outcome = "denied"
	// unexpected: an answer that OTLP endpoints do not give (404, a redirect).
	unexpected outcome = "unexpected"
	// timeout: connected, but no answer within the time limit.
	timeout outcome = "timeout"
	// hung: the connection, or an attempt to connect, got no answer.
	hung outcome = "hung"
	// unreachable: connecting was refused.
	unreachable outcome = "unreachable"
	// handshake: TLS negotiation failed.
	handshake outcome = "handshake"
	// broken: the connection ended before the answer.
	broken outcome = "broken"
	// cancelled: the sender gave up.
	cancelled outcome = "cancelled"
)

// reason is why a signal switches: an outcome, or recovered.
type reason = outcome

// recovered: an endpoint of higher priority works again.
const recovered reason = "recovered"

// verdict is what an outcome means for the batch and the endpoint.
type verdict int

const (
	// final: the batch is done.
	final verdict = iota
	// refusedHere: this endpoint does not accept the signal now.
	refusedHere
	// lostHere: the endpoint is unavailable, for all signals.
	lostHere
	// undecided: a probe has to decide.
	undecided
	// abandoned: the request ended without a result.
	abandoned
)

func (o outcome) verdict() verdict {
	switch o {
	case delivered, partial, rejected:
		return final
	case hung, unreachable, handshake:
		return lostHere
	case broken, timeout:
		return undecided
	case cancelled:
		return abandoned
	}
	return refusedHere
}

// classify maps a status to an outcome. OTLP 1.x names 429, 502, 503 and 504 as retryable and every other error
// as final. Here only errors that concern the batch are final. An error that concerns the client or the server
// is the endpoint's: dropping data for it would lose what the other site accepts.
func classify(status int) outcome {
	switch {
	case status >= 200 && status < 300:
		return delivered
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return throttled
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return unavailable
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return denied
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusMisdirectedRequest,
		status == http.StatusUpgradeRequired, status < 400:
		return unexpected
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return timeout
	case status < 500, status == http.StatusNotImplemented:
		return rejected
	}
	return failing
}
