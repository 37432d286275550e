package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/telepod/telepod/telemetry"
)

// drain is the time limit for pending requests during shutdown.
const drain = 10 * time.Second

// observe sets up the service's telemetry. It never fails: the shop also works without telemetry.
func observe(ctx context.Context, service string) (flush func()) {
	local := slog.NewJSONHandler(os.Stdout, nil)
	shutdown, err := telemetry.Setup(ctx, telemetry.Options{ServiceName: service, BaggageKeys: []string{"user.id"}})
	slog.SetDefault(slog.New(telemetry.LogHandler("github.com/telepod/telepod/examples/shop", local)))
	if err != nil {
		slog.Warn("telemetry is incomplete", "error", err)
	}
	return func() {
		if err := shutdown(ctx); err != nil {
			slog.New(local).Warn("telemetry was lost during shutdown", "error", err)
		}
	}
}

// serveHTTP serves until the context is canceled, then finishes pending requests. Probes create no spans.
func serveHTTP(ctx context.Context, address string, handler http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("/", telemetry.Handler(handler))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	listener, err := listen(ctx, address)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("finish requests within %v: %w", drain, err), server.Close())
	}
	return nil
}

func serveGRPC(ctx context.Context, address string, register func(*grpc.Server)) error {
	server := grpc.NewServer(telemetry.ServerOption())
	register(server)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	listener, err := listen(ctx, address)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stop := time.AfterFunc(drain, server.Stop)
	defer stop.Stop()
	server.GracefulStop()
	return nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w: choose another address with -listen", address, err)
	}
	slog.InfoContext(ctx, "serving", "address", listener.Addr().String())
	return listener, nil
}
