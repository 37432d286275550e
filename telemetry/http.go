package telemetry

import (
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// Handler wraps an HTTP server's handler: every request continues the caller's trace and baggage,
// has a span named by method and route, and is measured. Wrap the [http.ServeMux] as a whole.
func Handler(next http.Handler) http.Handler { return otelhttp.NewHandler(next, "") }

// Transport wraps an HTTP client's transport, [http.DefaultTransport] where it is nil: every
// request has a span, is measured, and carries trace and baggage to the server.
func Transport(base http.RoundTripper) http.RoundTripper { return otelhttp.NewTransport(base) }

// Client is an HTTP client with [Transport]. Its requests have no timeout but their context's.
func Client() *http.Client { return &http.Client{Transport: Transport(nil)} }
