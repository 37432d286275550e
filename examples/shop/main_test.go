package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// TestShopRunsAndStops starts the commands as pods do, places orders with the driver, and stops the commands.
func TestShopRunsAndStops(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1") // no Collector; the shop must still sell
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
	addresses := freeAddresses(t, 4)
	t.Setenv("PRODUCT_URL", "http://"+addresses[1])
	t.Setenv("INVENTORY_ADDRESS", addresses[2])
	t.Setenv("PAYMENT_URL", "http://"+addresses[3])
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error)
	for i, args := range [][]string{{"order"}, {"product"}, {"inventory"}, {"payment", "-slow", "10ms"}} {
		go func() { ended <- run(ctx, append(args, "-listen", addresses[i])) }()
	}
	for _, address := range addresses {
		awaitPort(t, address)
	}
	conn, err := grpc.NewClient(addresses[2], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("the probe of the inventory: %v", err)
	}
	if err := run(t.Context(), []string{"load", "-url", "http://" + addresses[0], "-rate", "100", "-duration", "500ms", "-failures", "0.2"}); err != nil {
		t.Error(err)
	}
	stop()
	for range addresses {
		if err := <-ended; err != nil {
			t.Errorf("a service ended with %v", err)
		}
	}
}

func freeAddresses(t *testing.T, n int) (addresses []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

func awaitPort(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing listens: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Setenv("SHOP_SLOW", "long")
	for _, c := range []struct{ args, message string }{
		{"", "usage: shop COMMAND"},
		{"user", `unknown command "user"`},
		{"order", "set -product or PRODUCT_URL, -inventory or INVENTORY_ADDRESS, -payment or PAYMENT_URL"},
		{"product now", `unknown argument "now"`},
		{"payment", "read the variable SHOP_SLOW"},
		{"load", "set -url or ORDER_URL"},
		{"product -listen nowhere", "choose another address with -listen"},
		{"load -url http://a -rate 0", "choose a rate"},
	} {
		if err := run(t.Context(), strings.Fields(c.args)); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("shop %s: %v, want an error that contains %q", c.args, err, c.message)
		}
	}
	if err := run(t.Context(), []string{"load", "-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("shop load -h: %v", err)
	}
}

// Every container in the manifests has a valid command, and only variables that it reads.
func TestManifestsFitTheProgram(t *testing.T) {
	files, err := filepath.Glob("deploy/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	source, err := os.ReadFile("services.go")
	if err != nil {
		t.Fatal(err)
	}
	command, variable := regexp.MustCompile(`args: \[(\w+)`), regexp.MustCompile(`- \{name: (\w+), valueFrom`)
	commands := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range command.FindAllStringSubmatch(string(text), -1) {
			commands++
			if err := run(t.Context(), []string{match[1], "-h"}); !errors.Is(err, flag.ErrHelp) {
				t.Errorf("%s: shop %s: %v", file, match[1], err)
			}
		}
		for _, match := range variable.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(source), `"`+match[1]+`"`) {
				t.Errorf("%s: no command reads %s", file, match[1])
			}
		}
	}
	if commands != 5 {
		t.Errorf("%d containers, want 5", commands)
	}
}
