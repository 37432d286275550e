package telemetry_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/telepod/telepod/telemetry"
)

// The start of a service.
func ExampleSetup() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	shutdown, err := telemetry.Setup(ctx, telemetry.Options{ServiceName: "order", BaggageKeys: []string{"user.id"}})
	if err != nil {
		slog.Warn("telemetry is incomplete", "error", err)
	}
	defer shutdown(ctx)

	ctx, span := otel.Tracer("example.com/order").Start(ctx, "place order")
	defer span.End()
	slog.InfoContext(ctx, "order was placed")
}

// Logs are written to standard output and exported to OpenTelemetry with their trace.
func ExampleLogHandler() {
	slog.SetDefault(slog.New(telemetry.LogHandler("example.com/order", slog.NewJSONHandler(os.Stdout, nil))))
}

// A server continues the traces of its callers. A probe outside the wrapped handler creates no spans.
func ExampleHandler() {
	orders := http.NewServeMux()
	orders.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		slog.InfoContext(r.Context(), "order was read")
	})
	all := http.NewServeMux()
	all.Handle("/", telemetry.Handler(orders))
	all.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	_ = &http.Server{Addr: ":8080", Handler: all}
}

// A request carries the trace and the baggage of its context.
func ExampleClient() {
	ctx := context.Background()
	if user, err := baggage.NewMemberRaw("user.id", "u-17"); err == nil {
		if bag, err := baggage.New(user); err == nil {
			ctx = baggage.ContextWithBaggage(ctx, bag)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://product.example/products/cup", nil)
	if err != nil {
		return
	}
	resp, err := telemetry.Client().Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
}

func ExampleServerOption() {
	server := grpc.NewServer(telemetry.ServerOption())
	defer server.Stop()
}

func ExampleDialOption() {
	conn, err := grpc.NewClient("inventory.example:9090",
		grpc.WithTransportCredentials(insecure.NewCredentials()), telemetry.DialOption())
	if err != nil {
		return
	}
	defer conn.Close()
}
