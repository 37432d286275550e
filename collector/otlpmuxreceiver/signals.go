package otlpmuxreceiver

import (
	"context"
	"path"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
)

// format is the encoding of a request and its response.
type format string

const (
	protobufFormat format = "protobuf"
	jsonFormat     format = "json"
)

// signal is one of the services of OTLP.
type signal struct {
	httpPath string
	grpcPath string
	request  kind
	// decode parses a body and keeps no part of it.
	decode func(body []byte, as format) (push, error)
	// success is the response to a request that was accepted as a whole.
	success map[format][]byte
}

// push hands decoded data to the pipeline and counts it.
type push func(ctx context.Context, obs *receiverhelper.ObsReport, as format) error

type message interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

type response interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

func unmarshal(m message, body []byte, as format) error {
	if as == jsonFormat {
		return m.UnmarshalJSON(body)
	}
	return m.UnmarshalProto(body)
}

// successOf encodes an empty response, which cannot fail.
func successOf(r response) map[format][]byte {
	binary, _ := r.MarshalProto()
	text, _ := r.MarshalJSON()
	return map[format][]byte{protobufFormat: binary, jsonFormat: text}
}

func tracesSignal(next consumer.Traces) *signal {
	return &signal{
		httpPath: "/v1/traces",
		grpcPath: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
		request:  tracesRequest,
		success:  successOf(ptraceotlp.NewExportResponse()),
		decode: func(body []byte, as format) (push, error) {
			request := ptraceotlp.NewExportRequest()
			if err := unmarshal(request, body, as); err != nil {
				return nil, err
			}
			return func(ctx context.Context, obs *receiverhelper.ObsReport, as format) error {
				data := request.Traces()
				count := data.SpanCount()
				if count == 0 {
					return nil
				}
				ctx = obs.StartTracesOp(ctx)
				err := next.ConsumeTraces(ctx, data)
				obs.EndTracesOp(ctx, string(as), count, err)
				return err
			}, nil
		},
	}
}

func metricsSignal(next consumer.Metrics) *signal {
	return &signal{
		httpPath: "/v1/metrics",
		grpcPath: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
		request:  metricsRequest,
		success:  successOf(pmetricotlp.NewExportResponse()),
		decode: func(body []byte, as format) (push, error) {
			request := pmetricotlp.NewExportRequest()
			if err := unmarshal(request, body, as); err != nil {
				return nil, err
			}
			return func(ctx context.Context, obs *receiverhelper.ObsReport, as format) error {
				data := request.Metrics()
				count := data.DataPointCount()
				if count == 0 {
					return nil
				}
				ctx = obs.StartMetricsOp(ctx)
				err := next.ConsumeMetrics(ctx, data)
				obs.EndMetricsOp(ctx, string(as), count, err)
				return err
			}, nil
		},
	}
}

func logsSignal(next consumer.Logs) *signal {
	return &signal{
		httpPath: "/v1/logs",
		grpcPath: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
		request:  logsRequest,
		success:  successOf(plogotlp.NewExportResponse()),
		decode: func(body []byte, as format) (push, error) {
			request := plogotlp.NewExportRequest()
			if err := unmarshal(request, body, as); err != nil {
				return nil, err
			}
			return func(ctx context.Context, obs *receiverhelper.ObsReport, as format) error {
				data := request.Logs()
				count := data.LogRecordCount()
				if count == 0 {
					return nil
				}
				ctx = obs.StartLogsOp(ctx)
				err := next.ConsumeLogs(ctx, data)
				obs.EndLogsOp(ctx, string(as), count, err)
				return err
			}, nil
		},
	}
}

// routes finds the signal of a path.
type routes struct {
	http, grpc map[string]*signal
}

func newRoutes() *routes {
	return &routes{http: make(map[string]*signal), grpc: make(map[string]*signal)}
}

func (r *routes) add(s *signal) {
	r.http[s.httpPath] = s
	r.grpc[s.grpcPath] = s
}

// find also accepts "//v1/traces" and "/v1/traces/", which exporters send if their endpoint ends
// in a slash.
func (r *routes) find(urlPath string, isGRPC bool) *signal {
	if isGRPC {
		return r.grpc[urlPath]
	}
	if s, ok := r.http[urlPath]; ok {
		return s
	}
	return r.http[path.Clean(urlPath)]
}

// list returns the HTTP paths, for error messages.
func (r *routes) list() string {
	paths := make([]string, 0, len(r.http))
	for p := range r.http {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return strings.Join(paths, ", ")
}
