package main

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // Collectors compress
)

// newReceiver returns an OTLP/gRPC server that counts all three signals.
func newReceiver(counts tallies) *grpc.Server {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	ptraceotlp.RegisterGRPCServer(server, &traceServer{counts: counts})
	pmetricotlp.RegisterGRPCServer(server, &metricServer{counts: counts})
	plogotlp.RegisterGRPCServer(server, &logServer{counts: counts})
	return server
}

type traceServer struct {
	ptraceotlp.UnimplementedGRPCServer
	counts tallies
}

func (s traceServer) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.counts.addTraces(r.Traces())
	return ptraceotlp.NewExportResponse(), nil
}

type metricServer struct {
	pmetricotlp.UnimplementedGRPCServer
	counts tallies
}

func (s metricServer) Export(_ context.Context, r pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	s.counts.addMetrics(r.Metrics())
	return pmetricotlp.NewExportResponse(), nil
}

type logServer struct {
	plogotlp.UnimplementedGRPCServer
	counts tallies
}

func (s logServer) Export(_ context.Context, r plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.counts.addLogs(r.Logs())
	return plogotlp.NewExportResponse(), nil
}
