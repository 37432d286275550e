package telemetry

import (
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// Handler wraps the handler of an HTTP server: every request continues the caller's trace and baggage, and has
// metrics and a span named by method and route. Wrap the whole [http.ServeMux].
func Handler(next http.Handler) http.Handler { return otelhttp.NewHandler(next, "") }

// Transport wraps the transport of an HTTP client; nil means [http.DefaultTransport]. Every request has a span
// and metrics, and propagates trace and baggage to the server.
func Transport(base http.RoundTripper) http.RoundTripper { return otelhttp.NewTransport(base) }

// Client returns an HTTP client with [Transport]. Only the context limits the duration of its requests.
func Client() *http.Client { return &http.Client{Transport: Transport(nil)} }
