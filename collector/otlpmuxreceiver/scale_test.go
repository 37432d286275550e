package otlpmuxreceiver

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// TestManyConnections opens 2,000 connections (TELEPOD_CONNECTIONS changes the number), sends one
// request on each, and checks that idle connections need little memory and are released.
func TestManyConnections(t *testing.T) {
	count := 2_000
	if value := os.Getenv("TELEPOD_CONNECTIONS"); value != "" {
		var err error
		if count, err = strconv.Atoi(value); err != nil {
			t.Fatal(err)
		}
	}
	allowFiles(t, uint64(2*count+200))
	r := start(t, nil, func(c *Config) { c.Connections.Max = count })
	before := heap()
	request := fmt.Appendf(nil, "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 0\r\n\r\n", protobufType)
	open := make([]net.Conn, count)
	var dialling sync.WaitGroup
	for worker := range 50 {
		dialling.Go(func() {
			for i := worker; i < count; i += 50 {
				connection, err := dialFrom(fmt.Sprintf("127.0.1.%d", 1+i%100))(context.Background(), "tcp", r.address(i%2))
				if err != nil {
					t.Error(err)
					return
				}
				open[i] = connection
				if _, err := connection.Write(request); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadFull(connection, make([]byte, len("HTTP/1.1 200 OK"))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	dialling.Wait()
	if t.Failed() {
		return
	}
	each := (heap() - before) / int64(count)
	t.Logf("%d connections open, %d bytes each with the test's own side", r.connections.open(), each)
	if r.connections.open() != int64(count) || each > 64<<10 {
		t.Errorf("%d connections open, %d bytes each", r.connections.open(), each)
	}
	for _, connection := range open {
		_ = connection.Close()
	}
	eventually(t, "all are closed", func() bool { return r.connections.open() == 0 && len(r.connections.peers) == 0 })
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse + stats.StackInuse)
}

func allowFiles(t *testing.T, needed uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur >= needed {
		return
	}
	limit.Cur, limit.Max = needed, max(limit.Max, needed)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		if os.Getenv("TELEPOD_CONNECTIONS") != "" {
			t.Fatalf("%d open files are not allowed: %v: raise the limit (ulimit -n)", needed, err)
		}
		t.Skipf("%d open files are not allowed: %v", needed, err)
	}
}
