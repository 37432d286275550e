package otlpmuxreceiver

import (
	"bytes"
	"context"
	"errors"
	"log"
	"strings"
	"sync"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const scopeName = "github.com/telepod/telepod/collector/otlpmuxreceiver"

// refusal is why a request or a connection was refused: the closed set of values of the metrics'
// "reason" attribute. The empty refusal means that nothing was refused.
type refusal string

const (
	refusedMemory      refusal = "memory"       // admission::max_in_flight_bytes is used up
	refusedShare       refusal = "peer_share"   // the peer occupies its share of it
	refusedTooLarge    refusal = "too_large"    // larger than max_request_body_size
	refusedBody        refusal = "body"         // too slow, broken off, or not decompressible
	refusedMalformed   refusal = "malformed"    // not OTLP
	refusedPath        refusal = "path"         // no such path, or no pipeline for its signal
	refusedMethod      refusal = "method"       // not POST
	refusedContentType refusal = "content_type" // neither protobuf, JSON nor gRPC
	refusedEncoding    refusal = "encoding"     // unknown compression
	refusedAuth        refusal = "auth"         // the authenticator refused it

	refusedConnections     refusal = "connections"      // connections::max is reached
	refusedPeerConnections refusal = "peer_connections" // connections::max_per_peer is reached
	refusedTLS             refusal = "tls_to_plaintext" // a client speaks TLS to a plaintext port
	refusedHandshake       refusal = "tls_handshake"    // the TLS handshake failed
)

var refusalHints = map[refusal]string{
	refusedTLS:             "a client speaks TLS to a plaintext port; use http:// or insecure mode in its exporter",
	refusedHandshake:       "a TLS handshake failed; check the client's scheme, CA and certificate",
	refusedConnections:     "too many connections; raise connections::max or add replicas",
	refusedPeerConnections: "too many connections from one address; raise connections::max_per_peer if it is a proxy",
	refusedMemory:          "out of memory for requests; raise admission::max_in_flight_bytes or add replicas",
}

// telemetry counts what is specific to this receiver; receiverhelper counts the accepted data.
type telemetry struct {
	logger *zap.Logger
	id     attribute.KeyValue

	refusedRequests     metric.Int64Counter
	refusedConnections  metric.Int64Counter
	acceptedConnections metric.Int64Counter
	openConnections     metric.Int64ObservableUpDownCounter
	inFlight            metric.Int64ObservableUpDownCounter
	inFlightLimit       metric.Int64ObservableUpDownCounter
	meter               metric.Meter

	mu     sync.Mutex
	logged map[refusal]time.Time
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	m := set.MeterProvider.Meter(scopeName)
	t := &telemetry{
		logger: set.Logger,
		id:     attribute.String("receiver", set.ID.String()),
		meter:  m,
		logged: make(map[refusal]time.Time),
	}
	var errs [6]error
	t.refusedRequests, errs[0] = m.Int64Counter("otelcol_receiver_refused_requests",
		metric.WithUnit("{requests}"), metric.WithDescription("Requests refused before their data reached the pipeline, by reason."))
	t.refusedConnections, errs[1] = m.Int64Counter("otelcol_receiver_refused_connections",
		metric.WithUnit("{connections}"), metric.WithDescription("Connections refused, or closed as unusable, by reason."))
	t.acceptedConnections, errs[2] = m.Int64Counter("otelcol_receiver_accepted_connections",
		metric.WithUnit("{connections}"), metric.WithDescription("Connections that sent a request, by the protocol of the first one."))
	t.openConnections, errs[3] = m.Int64ObservableUpDownCounter("otelcol_receiver_open_connections",
		metric.WithUnit("{connections}"), metric.WithDescription("Open connections."))
	t.inFlight, errs[4] = m.Int64ObservableUpDownCounter("otelcol_receiver_in_flight_bytes",
		metric.WithUnit("By"), metric.WithDescription("Bytes reserved for requests that are being received or processed."))
	t.inFlightLimit, errs[5] = m.Int64ObservableUpDownCounter("otelcol_receiver_in_flight_limit_bytes",
		metric.WithUnit("By"), metric.WithDescription("Limit of otelcol_receiver_in_flight_bytes."))
	return t, errors.Join(errs[:]...)
}

// observe reports the gauges until the returned registration is unregistered.
func (t *telemetry) observe(a *admission, c *connections) (metric.Registration, error) {
	own := metric.WithAttributes(t.id)
	return t.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(t.openConnections, c.open(), own)
		o.ObserveInt64(t.inFlight, a.inFlight(), own)
		o.ObserveInt64(t.inFlightLimit, a.limit, own)
		return nil
	}, t.openConnections, t.inFlight, t.inFlightLimit)
}

func (t *telemetry) refuseRequest(ctx context.Context, why refusal) {
	t.refusedRequests.Add(ctx, 1, metric.WithAttributes(t.id, attribute.String("reason", string(why))))
	t.logOnce(why, "")
}

func (t *telemetry) refuseConnection(why refusal) {
	t.refuseConnectionFor(why, "")
}

// refuseConnectionFor also logs the cause.
func (t *telemetry) refuseConnectionFor(why refusal, cause string) {
	t.refusedConnections.Add(context.Background(), 1, metric.WithAttributes(t.id, attribute.String("reason", string(why))))
	t.logOnce(why, cause)
}

func (t *telemetry) acceptConnection(ctx context.Context, protocol string) {
	t.acceptedConnections.Add(ctx, 1, metric.WithAttributes(t.id, attribute.String("protocol", protocol)))
}

// logOnce warns of a reason that an operator can do something about, at most once a minute.
func (t *telemetry) logOnce(why refusal, cause string) {
	hint, ok := refusalHints[why]
	if !ok {
		return
	}
	t.mu.Lock()
	now := time.Now()
	due := now.Sub(t.logged[why]) >= time.Minute
	if due {
		t.logged[why] = now
	}
	t.mu.Unlock()
	if due {
		fields := []zap.Field{zap.String("reason", string(why))}
		if cause != "" {
			fields = append(fields, zap.String("cause", cause))
		}
		t.logger.Warn(hint, fields...)
	}
}

// serverLog is the http.Server's ErrorLog. Any client can make the server log with every
// connection, so known problems are counted and the rest is logged at debug level; a panic is an error.
func (t *telemetry) serverLog() *log.Logger { return log.New(serverLogWriter{t}, "", 0) }

type serverLogWriter struct{ *telemetry }

func (w serverLogWriter) Write(line []byte) (int, error) {
	switch {
	case bytes.Contains(line, []byte("TLS handshake error")):
		w.refuseConnectionFor(refusedHandshake, clip(line))
	case bytes.Contains(line, []byte("panic serving")):
		w.logger.Error(string(line))
	default:
		w.logger.Debug(string(line))
	}
	return len(line), nil
}

// maxCause bounds how much of a server's log line is logged, in bytes: clients control part of it.
const maxCause = 300

// clip makes a server's log line safe for the log.
func clip(line []byte) string {
	text := strings.ToValidUTF8(strings.TrimSpace(string(line[:min(len(line), maxCause)])), "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}
