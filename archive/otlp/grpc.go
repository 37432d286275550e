package otlp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/archive"
)

type grpcTransport struct {
	conn    *grpc.ClientConn
	headers metadata.MD
}

func newGRPC(u *url.URL, o Options) (*grpcTransport, error) {
	trust := insecure.NewCredentials()
	port := "80"
	if u.Scheme == "https" {
		config := o.TLS
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		trust, port = credentials.NewTLS(config), "443"
	}
	if u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("read endpoint %q: gRPC has no path; remove it, or use http/protobuf", o.Endpoint)
	}
	host := u.Host
	if u.Port() == "" {
		host += ":" + port
	}
	// By default, gRPC's pauses between connection attempts grow to two minutes.
	connect := grpc.ConnectParams{MinConnectTimeout: o.Timeout, Backoff: backoff.Config{
		BaseDelay: o.Pause, Multiplier: 2, Jitter: 0.2, MaxDelay: o.MaxPause,
	}}
	conn, err := grpc.NewClient(host, grpc.WithTransportCredentials(trust), grpc.WithConnectParams(connect))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", o.Endpoint, err)
	}
	return &grpcTransport{conn: conn, headers: metadata.New(o.Headers)}, nil
}

func (t *grpcTransport) close() error { return t.conn.Close() }

func (t *grpcTransport) attempt(ctx context.Context, r archive.Request) (archive.Answer, error) {
	ctx = metadata.NewOutgoingContext(ctx, t.headers)
	response := &coltrace.ExportTraceServiceResponse{}
	err := t.conn.Invoke(ctx, methods()[r.Signal], r.Data, response,
		grpc.ForceCodecV2(bytesCodec{}), grpc.UseCompressor(gzip.Name))
	if err != nil {
		return archive.Answer{}, classify(err)
	}
	return answerOf(response), nil
}

func methods() map[archive.Signal]string {
	return map[archive.Signal]string{
		archive.Traces:  "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
		archive.Metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
		archive.Logs:    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
	}
}

// classify follows the OTLP specification, section "OTLP/gRPC: failures".
func classify(err error) error {
	s := status.Convert(err)
	err = fmt.Errorf("%v: %s", s.Code(), s.Message())
	switch s.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		after, _ := retryInfo(s)
		return transientError{err, after}
	case codes.ResourceExhausted:
		if after, ok := retryInfo(s); ok {
			return transientError{err, after}
		}
		return &archive.RefusedError{Err: err} // for example, the message is too large
	case codes.InvalidArgument, codes.Internal, codes.Unknown:
		return &archive.RefusedError{Err: err}
	}
	return fmt.Errorf("the receiver accepts no data: %w", err)
}

func retryInfo(s *status.Status) (after time.Duration, ok bool) {
	for _, detail := range s.Details() {
		if info, is := detail.(*errdetails.RetryInfo); is {
			return info.GetRetryDelay().AsDuration(), true
		}
	}
	return 0, false
}

// bytesCodec sends bytes that are already encoded as protobuf.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	data, is := v.([]byte)
	if !is {
		return nil, fmt.Errorf("encode a request: %T instead of bytes", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(data)}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	message, is := v.(proto.Message)
	if !is {
		return fmt.Errorf("decode a response: %T is not a protobuf message", v)
	}
	return proto.Unmarshal(data.Materialize(), message)
}
