package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// The ports on -host. The Kafka broker listens on 127.0.0.1.
const (
	s3Port          = "9000"
	otlpPort        = "4317"
	remoteWritePort = "9090"
	controlPort     = "8080"
)

func main() {
	host := flag.String("host", "127.0.0.1", "address to listen on")
	kafkaPort := flag.Int("kafka-port", 9092, "port of the Kafka broker, on 127.0.0.1")
	kafkaName := flag.String("kafka-name", "", "host:port that the broker advertises to clients; 127.0.0.1 and its port if empty")
	kafkaUser := flag.String("kafka-user", "", "name:password that the Kafka broker requires, with PLAIN or SCRAM; none if empty")
	kafkaTLS := flag.String("kafka-tls", "", "directory of tls.crt, tls.key and ca.crt: enables mutual TLS on the Kafka broker")
	var watch words
	flag.Func("watch", "text that should never arrive, for GET /seen; may be repeated", watch.add)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *host, kafkaOptions{port: *kafkaPort, name: *kafkaName, user: *kafkaUser, certificates: *kafkaTLS, watch: watch}); err != nil {
		slog.Error("serve the backends", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, host string, o kafkaOptions) error {
	archive, err := newArchive()
	if err != nil {
		return err
	}
	kafka, err := newBroker(o)
	if err != nil {
		return err
	}
	go kafka.consume(ctx)
	jaeger, prometheus, spans := newTallies(), newTallies(), &spanCounts{last: map[uint64]float64{}}
	ended := make(chan error, 4)
	serve := func(port string, h http.Handler) {
		ended <- http.ListenAndServe(net.JoinHostPort(host, port), h)
	}
	go serve(s3Port, archive.handler())
	go serve(remoteWritePort, remoteWrite(prometheus, spans))
	go func() {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, otlpPort))
		if err != nil {
			ended <- err
			return
		}
		ended <- newReceiver(jaeger).Serve(listener)
	}()
	mux := control(archive, map[string]tallies{"kafka": kafka.counts, "otlp": jaeger, "remotewrite": prometheus})
	mux.HandleFunc("GET /seen", seen(archive, kafka))
	mux.Handle("GET /spans", spans)
	go serve(controlPort, mux)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

func control(a *archive, live map[string]tallies) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tally/{backend}/{signal}", func(w http.ResponseWriter, r *http.Request) {
		backend, signal := r.PathValue("backend"), r.PathValue("signal")
		counts, found := live[backend]
		if backend == "s3" {
			var err error
			if counts, err = a.count(signal); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			found = true
		}
		if !found || counts.of(signal) == nil {
			http.Error(w, fmt.Sprintf("no tally of %s/%s", backend, signal), http.StatusNotFound)
			return
		}
		counts.of(signal).writeTo(w)
	})
	mux.HandleFunc("GET /s3/keys", func(w http.ResponseWriter, _ *http.Request) {
		keys, err := a.keys("")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, strings.Join(keys, "\n"))
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return mux
}
