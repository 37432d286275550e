package otlpmuxreceiver

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc/codes"
)

// TestSlowClients checks that connections that send too slowly, in the header or in the body, are closed and their memory is
// freed.
func TestSlowClients(t *testing.T) {
	r := start(t, nil, func(c *Config) {
		c.ReadHeaderTimeout, c.ReadTimeout, c.IdleTimeout = 200*time.Millisecond, 400*time.Millisecond, 300*time.Millisecond
	})
	for name, beginning := range map[string]string{
		"nothing":        "",
		"half a header":  "POST /v1/traces HTTP/1.1\r\nHost:",
		"half a body":    "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 5000000\r\n\r\nabc",
		"half a preface": "PRI * HT",
		"only a preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"idle":           "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp", r.address(0))
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			_, _ = io.WriteString(connection, beginning)
			_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.Copy(io.Discard, bufio.NewReader(connection)); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection was not closed: %v", err)
			}
		})
	}
	slowGRPC(t, r.address(0))
	eventually(t, "memory is free", func() bool { return r.server.admission.inFlight() == 0 })
	eventually(t, "connections are closed", func() bool { return r.connections.open() == 0 })
}

// slowGRPC announces a large message and sends a little of it.
func slowGRPC(t *testing.T, address string) {
	t.Helper()
	reader, writer := io.Pipe()
	defer writer.Close()
	request, _ := http.NewRequest(http.MethodPost, "http://"+address+"/opentelemetry.proto.collector.trace.v1.TraceService/Export", reader)
	request.Header.Set("Content-Type", grpcType)
	go func() { _, _ = writer.Write(append(binary.BigEndian.AppendUint32([]byte{0}, 1<<20), "abc"...)) }()
	client := httpClient(t, 2, nil, "")
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
		if got := response.Header.Get("Grpc-Status"); got != strconv.Itoa(int(codes.Unavailable)) {
			t.Errorf("half a message: grpc-status %s, expected one that is retried", got)
		}
	}
}

// TestConnectionLimits closes connections above the limits, for one peer and for all.
func TestConnectionLimits(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.Connections.Max, c.Connections.MaxPerPeer = 5, 3 })
	open := func(from string) net.Conn {
		connection, err := dialFrom(from)(context.Background(), "tcp", r.address(0))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		return connection
	}
	kept := []net.Conn{open("127.0.0.1"), open("127.0.0.1"), open("127.0.0.1"), open("127.0.0.2"), open("127.0.0.2")}
	eventually(t, "five are open", func() bool { return r.connections.open() == 5 })
	for _, test := range []struct {
		from string
		why  refusal
	}{{"127.0.0.1", refusedConnections}, {"127.0.0.3", refusedConnections}} {
		if _, err := open(test.from).Read(make([]byte, 1)); err == nil {
			t.Errorf("connection from %s was not closed", test.from)
		}
		if r.metric("otelcol_receiver_refused_connections", string(test.why)) == 0 {
			t.Errorf("%s was not counted", test.why)
		}
	}
	_ = kept[4].Close()
	eventually(t, "one is free", func() bool { return r.connections.open() == 4 })
	if _, err := open("127.0.0.1").Read(make([]byte, 1)); err == nil {
		t.Error("a fourth connection of one peer was not closed")
	}
	if r.metric("otelcol_receiver_refused_connections", string(refusedPeerConnections)) != 1 {
		t.Error("peer_connections was not counted")
	}
	if code, err := postFrom(httpClient(t, 1, nil, "127.0.0.3"), r.address(0), nil); err != nil || code != http.StatusOK {
		t.Errorf("a peer below both limits: %d %v", code, err)
	}
}

// TestShutdown waits for a request in flight.
func TestShutdown(t *testing.T) {
	pipeline := newGate()
	r := start(t, pipeline)
	send := grpcSender(t, r.address(0), "identity", protobufBody(t, traces(1)))
	answered, stopped := make(chan error, 1), make(chan error, 1)
	go func() { answered <- send() }()
	eventually(t, "the pipeline has the request", func() bool { return pipeline.waiting.Load() == 1 })
	go func() { stopped <- r.Shutdown(context.Background()) }()
	eventually(t, "the listener is closed", func() bool {
		connection, err := net.Dial("tcp", r.address(1))
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	close(pipeline.opened)
	if err := <-answered; err != nil {
		t.Errorf("request in flight: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestPanic checks that a panic in the pipeline neither leaks memory nor ends the process.
func TestPanic(t *testing.T) {
	r := start(t, panics{})
	body := protobufBody(t, traces(1))
	for _, send := range []func() error{grpcSender(t, r.address(0), "identity", body), httpSender(t, r.address(1), "identity", body)} {
		if err := send(); err == nil {
			t.Error("the client got a success")
		}
	}
	eventually(t, "memory is free", func() bool { return r.server.admission.inFlight() == 0 })
}

type panics struct{}

func (panics) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (panics) ConsumeTraces(context.Context, ptrace.Traces) error { panic("on purpose") }

// TestSlowPipeline checks that read_timeout applies only to bodies, so a pipeline may take longer.
func TestSlowPipeline(t *testing.T) {
	for _, protocol := range []string{"http1 protobuf", "http2 protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			pipeline := newGate()
			r := start(t, pipeline, func(c *Config) { c.ReadTimeout = 50 * time.Millisecond })
			answered := make(chan error, 1)
			go func() { answered <- exportOnce(t, protocol, "", r.address(0), nil) }()
			eventually(t, "the pipeline has it", func() bool { return pipeline.waiting.Load() == 1 })
			select {
			case err := <-answered:
				t.Fatalf("answered before the pipeline: %v", err)
			case <-time.After(200 * time.Millisecond):
			}
			close(pipeline.opened)
			if err := <-answered; err != nil {
				t.Error(err)
			}
		})
	}
}
