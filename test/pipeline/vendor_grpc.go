package pipeline

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // what the Collector compresses with
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

type (
	vendorTraces struct {
		coltrace.UnimplementedTraceServiceServer
		*Vendor
	}
	vendorLogs struct {
		collogs.UnimplementedLogsServiceServer
		*Vendor
	}
)

// serveGRPC serves OTLP over gRPC until the test ends, and returns the URL.
func (v *Vendor) serveGRPC(t testing.TB, l net.Listener, secured credentials.TransportCredentials) string {
	t.Helper()
	server := grpc.NewServer(grpc.Creds(secured), grpc.MaxRecvMsgSize(20<<20))
	coltrace.RegisterTraceServiceServer(server, vendorTraces{Vendor: v})
	collogs.RegisterLogsServiceServer(server, vendorLogs{Vendor: v})
	go func() { _ = server.Serve(l) }() // returns when the test ends
	t.Cleanup(server.Stop)
	return "https://" + l.Addr().String()
}

func (v vendorTraces) Export(ctx context.Context, request *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	return &coltrace.ExportTraceServiceResponse{}, v.acceptGRPC(ctx, Traces, spanNumbers(request))
}

func (v vendorLogs) Export(ctx context.Context, request *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	numbers, _ := recordNumbers(request)
	return &collogs.ExportLogsServiceResponse{}, v.acceptGRPC(ctx, Logs, numbers)
}

// acceptGRPC returns the gRPC code for the status that the vendor would return over HTTP.
func (v *Vendor) acceptGRPC(ctx context.Context, signal string, numbers []uint64) error {
	sent, _ := metadata.FromIncomingContext(ctx)
	header := http.Header{}
	for key, values := range sent {
		header[http.CanonicalHeaderKey(key)] = values
	}
	method, _ := grpc.Method(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	response := v.accept(method, header, signal, numbers)
	code := map[int]codes.Code{
		http.StatusOK: codes.OK, http.StatusUnauthorized: codes.Unauthenticated, http.StatusForbidden: codes.PermissionDenied,
		http.StatusTooManyRequests: codes.ResourceExhausted, http.StatusServiceUnavailable: codes.Unavailable,
	}[response.Status]
	answer := status.New(code, http.StatusText(response.Status))
	if response.RetryAfter == "" {
		return answer.Err()
	}
	pause, err := time.ParseDuration(response.RetryAfter + "s")
	if err != nil {
		return err
	}
	answer, err = answer.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(pause)})
	if err != nil {
		return err
	}
	return answer.Err()
}
