package otlpmuxreceiver

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// FuzzConnection sends arbitrary bytes as a whole connection. Afterwards the receiver must still
// serve, with no memory reserved.
func FuzzConnection(f *testing.F) {
	body := protobufBody(f, traces(1))
	for _, seed := range [][]byte{
		nil, {0x16}, []byte("PRI "), []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), []byte("GET / HTTP/1.1\r\n\r\n"),
		append([]byte("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"), body...),
		grpcConversation(f, "gzip", compress(f, "gzip", body)), grpcConversation(f, "", body),
	} {
		f.Add(seed)
	}
	r := start(f, nil, smallLimits, func(c *Config) {
		c.ReadHeaderTimeout, c.ReadTimeout, c.IdleTimeout = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	})
	f.Fuzz(func(t *testing.T, sent []byte) {
		connection, err := net.Dial("tcp", r.address(0))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = connection.Write(sent)
		_ = connection.(*net.TCPConn).CloseWrite()
		_, err = io.Copy(io.Discard, connection)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Fatal("the connection was not closed")
		}
		eventually(t, "memory is free", func() bool { return r.server.admission.inFlight() == 0 })
	})
}

// grpcConversation returns what a gRPC client sends for one call.
func grpcConversation(t testing.TB, encoding string, message []byte) []byte {
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&out, nil)
	encoder := hpack.NewEncoder(&block)
	fields := []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "x"},
		{Name: ":path", Value: "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
		{Name: "content-type", Value: grpcType}, {Name: "te", Value: "trailers"},
	}
	flag := byte(0)
	if encoding != "" {
		flag, fields = 1, append(fields, hpack.HeaderField{Name: "grpc-encoding", Value: encoding})
	}
	for _, field := range fields {
		_ = encoder.WriteField(field)
	}
	_ = framer.WriteSettings()
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
	length := len(message)
	if err := framer.WriteData(1, true, append([]byte{flag, 0, 0, byte(length >> 8), byte(length)}, message...)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
