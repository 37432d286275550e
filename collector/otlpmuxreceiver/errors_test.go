package otlpmuxreceiver

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// TestPipelineErrors checks what clients of each protocol see of an error in the pipeline.
func TestPipelineErrors(t *testing.T) {
	for _, test := range []struct {
		name     string
		err      error
		code     codes.Code
		http     int
		retrying bool
	}{
		{"retryable", errors.New("queue is full"), codes.Unavailable, http.StatusServiceUnavailable, true},
		{"permanent", consumererror.NewPermanent(errors.New("not ours")), codes.Internal, http.StatusInternalServerError, false},
		{"invalid", status.Error(codes.InvalidArgument, "bad span"), codes.InvalidArgument, http.StatusBadRequest, false},
		{"exhausted", status.Error(codes.ResourceExhausted, "no"), codes.ResourceExhausted, http.StatusTooManyRequests, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := start(t, consumertest.NewErr(test.err))

			err := grpcExport(t, r.address(1), "", nil, traces(1))
			if status.Code(err) != test.code || retryDelay(err) > 0 != test.retrying {
				t.Errorf("gRPC: %v, retry after %s", err, retryDelay(err))
			}
			response := r.post(jsonType, jsonBody(t, traces(1)))
			checkRefusal(t, response, test.http, test.code)
			if seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")); seconds > 0 != test.retrying || seconds > 5 {
				t.Errorf("Retry-After %q", response.Header.Get("Retry-After"))
			}
			checkRefusal(t, r.post(protobufType, protobufBody(t, traces(1))), test.http, test.code)
		})
	}
}

func retryDelay(err error) time.Duration {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// checkRefusal reads the Status message that OTLP/HTTP requires, in the format of the request.
func checkRefusal(t *testing.T, response *http.Response, httpStatus int, code codes.Code) {
	t.Helper()
	body, _ := io.ReadAll(response.Body)
	st := new(spb.Status)
	var err error
	if response.Header.Get("Content-Type") == jsonType {
		err = protojson.Unmarshal(body, st)
	} else {
		err = proto.Unmarshal(body, st)
	}
	if err != nil || response.StatusCode != httpStatus || codes.Code(st.GetCode()) != code {
		t.Errorf("%s %q, error %v; expected %d with code %s", response.Status, body, err, httpStatus, code)
	}
}

// TestMistakes sends what clients send by mistake: each gets an answer that helps, and is counted.
func TestMistakes(t *testing.T) {
	body := protobufBody(t, traces(1))
	for _, test := range []struct {
		name         string
		method, path string
		contentType  string
		encoding     string
		body         []byte
		status       int
		message      string
		reason       refusal
	}{
		{"browser", "GET", "/", "", "", nil, 404, "POST to /v1/metrics, /v1/traces", refusedPath},
		{"no path", "POST", "/", protobufType, "", body, 404, "/v1/traces", refusedPath},
		{"no pipeline", "POST", "/v1/logs", protobufType, "", body, 404, "no pipeline", refusedPath},
		{"GET", "GET", "/v1/traces", "", "", nil, 405, "use POST", refusedMethod},
		{"no content type", "POST", "/v1/traces", "", "", body, 415, "application/x-protobuf", refusedContentType},
		{"wrong content type", "POST", "/v1/traces", "text/xml", "", body, 415, "text/xml", refusedContentType},
		{"gRPC over HTTP/1.1", "POST", "/v1/traces", grpcType, "", body, 505, "HTTP/2", refusedContentType},
		{"unknown compression", "POST", "/v1/traces", protobufType, "br", body, 400, "br", refusedEncoding},
		{"not compressed", "POST", "/v1/traces", protobufType, "gzip", body, 400, "gzip", refusedBody},
		{"not protobuf", "POST", "/v1/traces", protobufType, "", []byte("hello"), 400, "decode", refusedMalformed},
		{"not JSON", "POST", "/v1/traces", jsonType, "", []byte("{"), 400, "decode", refusedMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := start(t, nil)
			request, _ := http.NewRequest(test.method, "http://"+r.address(0)+test.path, bytes.NewReader(test.body))
			request.Header.Set("Content-Type", test.contentType)
			if test.encoding != "" {
				request.Header.Set("Content-Encoding", test.encoding)
			}
			response, err := httpClient(t, 1, nil, "").Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			answer, _ := io.ReadAll(response.Body)
			if response.StatusCode != test.status || !strings.Contains(string(answer), test.message) {
				t.Errorf("%s: %q; expected %d with %q", response.Status, answer, test.status, test.message)
			}
			if got := r.metric("otelcol_receiver_refused_requests", string(test.reason)); got != 1 {
				t.Errorf("reason %s was counted %d times", test.reason, got)
			}
		})
	}
}

// TestEmptyRequest answers a request without data, which SDKs send at shutdown.
func TestEmptyRequest(t *testing.T) {
	r := start(t, consumertest.NewErr(errors.New("must not be called")))
	if got := r.post(protobufType, nil).StatusCode; got != http.StatusOK {
		t.Errorf("protobuf: %d", got)
	}
	if got := r.post(jsonType+"; charset=utf-8", []byte("{}")).StatusCode; got != http.StatusOK {
		t.Errorf("JSON: %d", got)
	}
	if err := grpcExport(t, r.address(0), "gzip", nil, ptrace.NewTraces()); err != nil {
		t.Error(err)
	}
}

// TestGRPCMistakes sends what the generated clients never send.
func TestGRPCMistakes(t *testing.T) {
	r := start(t, nil)
	method := "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	message := func(flag byte, body []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(body))), body...)
	}
	body := protobufBody(t, traces(1))
	for _, test := range []struct {
		name, path string
		header     [2]string
		body       []byte
		code       codes.Code
	}{
		{"unknown service", "/grpc.health.v1.Health/Check", [2]string{}, message(0, body), codes.Unimplemented},
		{"no message", method, [2]string{}, nil, codes.InvalidArgument},
		{"cut off", method, [2]string{}, message(0, body)[:50], codes.Internal},
		{"compressed without an encoding", method, [2]string{}, message(1, body), codes.Internal},
		{"two messages", method, [2]string{}, append(message(0, body), message(0, body)...), codes.Internal},
		{"unknown flag", method, [2]string{}, message(7, body), codes.Internal},
		{"unknown compression", method, [2]string{"Grpc-Encoding", "br"}, message(1, body), codes.Unimplemented},
		{"bad gzip", method, [2]string{"Grpc-Encoding", "gzip"}, message(1, body), codes.InvalidArgument},
		{"huge length", method, [2]string{}, []byte{0, 255, 255, 255, 255}, codes.InvalidArgument},
		{"bad timeout", method, [2]string{"Grpc-Timeout", "5x"}, message(0, body), codes.Internal},
		{"not protobuf", method, [2]string{}, message(0, []byte("hello")), codes.InvalidArgument},
		{"good", method, [2]string{"Grpc-Timeout", "5S"}, message(0, body), codes.OK},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, _ := http.NewRequest(http.MethodPost, "http://"+r.address(1)+test.path, bytes.NewReader(test.body))
			request.Header.Set("Content-Type", grpcType)
			if test.header[0] != "" {
				request.Header.Set(test.header[0], test.header[1])
			}
			response, err := httpClient(t, 2, nil, "").Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			_, _ = io.Copy(io.Discard, response.Body)
			got := response.Header.Get("Grpc-Status") + response.Trailer.Get("Grpc-Status")
			if got != fmt.Sprint(int(test.code)) || response.StatusCode != http.StatusOK {
				t.Errorf("%s, grpc-status %s %s; expected %s", response.Status, got, response.Header.Get("Grpc-Message"), test.code)
			}
		})
	}
}

// TestMessageWithOddCharacters checks that a pipeline's message survives the headers of gRPC.
func TestMessageWithOddCharacters(t *testing.T) {
	text := "100 % ünïcode\r\nGrpc-Status: 0\x00"
	r := start(t, consumertest.NewErr(status.Error(codes.InvalidArgument, text)))
	if got := status.Convert(grpcExport(t, r.address(0), "", nil, traces(1))).Message(); got != text {
		t.Errorf("%q became %q", text, got)
	}
}

// TestTLSToPlaintextPort checks that clients with an https exporter are counted.
func TestTLSToPlaintextPort(t *testing.T) {
	r := start(t, nil)
	client := httpClient(t, 1, newAuthority(t).clientTLS(t, ""), "")
	if _, err := client.Get("https://" + r.address(0)); err == nil {
		t.Fatal("TLS to a plaintext port worked")
	}
	eventually(t, "counted", func() bool {
		return r.metric("otelcol_receiver_refused_connections", string(refusedTLS)) == 1
	})
}

// TestTLSRefusals counts plaintext clients and clients without a certificate.
func TestTLSRefusals(t *testing.T) {
	authority := newAuthority(t)
	r := start(t, nil, authority.serverTLS(t, true))
	if response, err := http.Get("http://" + r.address(0)); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("plaintext to a TLS port: %v %v", response, err)
	}
	if err := exportOnce(t, "http1 protobuf", "", r.address(0), authority.clientTLS(t, "")); err == nil {
		t.Error("a client without a certificate was served")
	}
	if err := exportOnce(t, "grpc", "", r.address(0), newAuthority(t).clientTLS(t, "stranger")); err == nil {
		t.Error("a client of another authority was served")
	}
	eventually(t, "counted", func() bool {
		return r.metric("otelcol_receiver_refused_connections", string(refusedHandshake)) >= 3
	})
	if r.sink.SpanCount() != 0 {
		t.Error("spans arrived")
	}
}

// TestConnectionAge ends connections of both protocols after a response, without losing a request.
func TestConnectionAge(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.Connections.MaxAge = time.Nanosecond })
	body := protobufBody(t, traces(1))
	const requests = 20
	for _, major := range []int{1, 2} {
		client := httpClient(t, major, nil, "")
		for range requests {
			response, err := client.Post("http://"+r.address(0)+"/v1/traces", protobufType, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
		}
	}
	var dialled atomic.Int32
	connection := grpcConnection(t, r.address(1), nil, grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		dialled.Add(1)
		return dialFrom("")(ctx, "tcp", address)
	}))
	send := grpcSenderOn(connection, "identity", body)
	for range requests {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.sink.SpanCount(); got != 3*requests {
		t.Errorf("%d spans arrived, expected %d", got, 3*requests)
	}
	if got := r.metric("otelcol_receiver_accepted_connections", "http1"); got != requests {
		t.Errorf("%d connections for %d requests of HTTP/1.1", got, requests)
	}
	for _, protocol := range []string{"http2", "grpc"} {
		if got := r.metric("otelcol_receiver_accepted_connections", protocol); got < 2 {
			t.Errorf("%d connections for %d requests of %s", got, requests, protocol)
		}
	}
	if dialled.Load() < 2 {
		t.Errorf("gRPC client dialled %d times", dialled.Load())
	}
}
