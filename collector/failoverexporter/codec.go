package failoverexporter

import (
	"errors"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
)

func encodeTraces(td ptrace.Traces) ([]byte, error) {
	return (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
}

func encodeMetrics(md pmetric.Metrics) ([]byte, error) {
	return (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
}

func encodeLogs(ld plog.Logs) ([]byte, error) {
	return (&plog.ProtoMarshaler{}).MarshalLogs(ld)
}

// decodeUpstream reads what exporterhelper stores for its own requests: the data with the context of the request
// in newer versions (the context is not kept: nothing here uses it), the bare data in older ones.
func decodeUpstream(sig signal, data []byte) (*batch, error) {
	switch sig {
	case traces:
		_, td, err := request.UnmarshalTraces(data)
		if errors.Is(err, request.ErrInvalidFormat) {
			td, err = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		}
		if err != nil {
			return nil, err
		}
		encoded, err := encodeTraces(td)
		return newBatch(sig, encoded, td.SpanCount()), err
	case metrics:
		_, md, err := request.UnmarshalMetrics(data)
		if errors.Is(err, request.ErrInvalidFormat) {
			md, err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
		}
		if err != nil {
			return nil, err
		}
		encoded, err := encodeMetrics(md)
		return newBatch(sig, encoded, md.DataPointCount()), err
	default:
		_, ld, err := request.UnmarshalLogs(data)
		if errors.Is(err, request.ErrInvalidFormat) {
			ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		}
		if err != nil {
			return nil, err
		}
		encoded, err := encodeLogs(ld)
		return newBatch(sig, encoded, ld.LogRecordCount()), err
	}
}
