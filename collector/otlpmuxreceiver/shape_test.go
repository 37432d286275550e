package otlpmuxreceiver

import (
	"bytes"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/pdata/testdata"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
)

// nest wraps content in messages, given the field numbers from the outside in.
func nest(content []byte, fields ...protowire.Number) []byte {
	for i := len(fields) - 1; i >= 0; i-- {
		content = protowire.AppendBytes(protowire.AppendTag(nil, fields[i], protowire.BytesType), content)
	}
	return content
}

// TestWeight compares the weight of ordinary and of hostile requests with the memory that decoding
// them needs.
func TestWeight(t *testing.T) {
	const count = 20_000
	empty := func(field protowire.Number) []byte { return bytes.Repeat(nest(nil, field), count) }
	metrics, _ := pmetricotlp.NewExportRequestFromMetrics(testdata.GenerateMetrics(1000)).MarshalProto()
	logs, _ := plogotlp.NewExportRequestFromLogs(testdata.GenerateLogs(1000)).MarshalProto()
	for _, test := range []struct {
		name    string
		request kind
		body    []byte
	}{
		{"ordinary spans", tracesRequest, protobufBody(t, traces(1000))},
		{"ordinary metrics", metricsRequest, metrics},
		{"ordinary logs", logsRequest, logs},
		{"resources", tracesRequest, empty(1)},
		{"scopes", tracesRequest, nest(empty(2), 1)},
		{"spans", tracesRequest, nest(empty(2), 1, 2)},
		{"attributes", tracesRequest, nest(empty(9), 1, 2, 2)},
		{"events", tracesRequest, nest(empty(11), 1, 2, 2)},
		{"links", tracesRequest, nest(empty(13), 1, 2, 2)},
		{"array", tracesRequest, nest(empty(1), 1, 1, 1, 2, 5)},
		{"array of strings", tracesRequest, nest(bytes.Repeat(nest(nil, 1, 1), count), 1, 1, 1, 2, 5)},
		{"map", tracesRequest, nest(empty(1), 1, 1, 1, 2, 6)},
		{"scope attributes", tracesRequest, nest(empty(3), 1, 2, 1)},
		{"metrics", metricsRequest, nest(empty(2), 1, 2)},
		{"gauges", metricsRequest, nest(bytes.Repeat(nest(nil, 2, 5), count), 1, 2)},
		{"number points", metricsRequest, nest(empty(1), 1, 2, 2, 5)},
		{"histogram points", metricsRequest, nest(empty(1), 1, 2, 2, 9)},
		{"exponential histogram points", metricsRequest, nest(empty(1), 1, 2, 2, 10)},
		{"summary points", metricsRequest, nest(empty(1), 1, 2, 2, 11)},
		{"quantiles", metricsRequest, nest(empty(6), 1, 2, 2, 11, 1)},
		{"exemplars", metricsRequest, nest(empty(5), 1, 2, 2, 5, 1)},
		{"log records", logsRequest, nest(empty(2), 1, 2)},
		{"entity references", logsRequest, nest(empty(3), 1, 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			weight, ok := weigh(test.body, test.request, protobufFormat)
			if !ok {
				t.Fatal("the request was refused")
			}
			if strings.HasPrefix(test.name, "ordinary") && weight != int64(len(test.body)) {
				t.Errorf("%d bytes weigh %d", len(test.body), weight)
			}
			if live := decodedHeap(t, test.request, test.body); live > decodedFactor*weight {
				t.Errorf("%d bytes weigh %d, but need %d when decoded", len(test.body), weight, live)
			}
		})
	}
}

func decodedHeap(t *testing.T, request kind, body []byte) int64 {
	t.Helper()
	var m message
	switch request {
	case metricsRequest:
		m = pmetricotlp.NewExportRequest()
	case logsRequest:
		m = plogotlp.NewExportRequest()
	default:
		m = ptraceotlp.NewExportRequest()
	}
	before := heapAlloc()
	if err := m.UnmarshalProto(body); err != nil {
		t.Fatal(err)
	}
	live := heapAlloc() - before
	runtime.KeepAlive(m)
	return live
}

func heapAlloc() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// nested returns a request with an attribute of this many nested arrays.
func nested(levels int) []byte {
	fields := []protowire.Number{1, 1, 1, 2}
	for range levels {
		fields = append(fields, 5, 1)
	}
	return nest([]byte{0x10, 1}, fields...)
}

// TestNesting checks that nesting that would crash the process is refused, and ordinary nesting accepted.
func TestNesting(t *testing.T) {
	r := start(t, nil)
	for levels, expected := range map[int]int{0: 200, 40: 200, 47: 200, 50: 400, 2_000: 400} {
		if response := r.post(protobufType, nested(levels)); response.StatusCode != expected {
			t.Errorf("%d levels: %s, expected %d", levels, response.Status, expected)
		}
	}
	// An unknown group and a number of ten bytes in front do not hide what follows.
	hidden := append([]byte{0x8b, 0x7d, 0x8c, 0x7d, 0xf8, 0x7c, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0x7f}, nested(60)...)
	if response := r.post(protobufType, hidden); response.StatusCode != http.StatusBadRequest {
		t.Errorf("nesting behind an unknown group: %s, expected 400", response.Status)
	}
	for levels, expected := range map[int]int{40: 200, 60: 400, 100_000: 400} {
		json := `{"resourceSpans":[{"resource":{"attributes":[{"key":"\"}[","value":` +
			strings.Repeat(`{"arrayValue":{"values":[`, levels) + strings.Repeat("]}}", levels) + "}]}}]}"
		if response := r.post(jsonType, []byte(json)); response.StatusCode != expected {
			t.Errorf("JSON with %d levels: %s, expected %d", levels, response.Status, expected)
		}
	}
}

// TestDenseRequestsAreRefused sends a few bytes that would decode to more memory than the limit.
func TestDenseRequestsAreRefused(t *testing.T) {
	r := start(t, nil)
	dense := nest(bytes.Repeat(nest(nil, 2), 4<<20), 1, 2)
	checkRefusal(t, r.post(protobufType, dense), http.StatusRequestEntityTooLarge, codes.InvalidArgument)
	json := `{"resourceSpans":[{}` + strings.Repeat(",{}", 4<<20) + `]}`
	checkRefusal(t, r.post(jsonType, []byte(json)), http.StatusRequestEntityTooLarge, codes.InvalidArgument)
	if got := r.server.admission.inFlight(); got != 0 {
		t.Errorf("%d bytes are still reserved", got)
	}
}

// FuzzWeigh checks that every body that decodes without an error is weighed to its end, by hiding a
// deeply nested attribute behind it.
func FuzzWeigh(f *testing.F) {
	f.Add(protobufBody(f, traces(2)))
	f.Add([]byte{0x8b, 0x7d, 0x8c, 0x7d})
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = weigh(body, metricsRequest, protobufFormat)
		_, _ = weigh(body, logsRequest, protobufFormat)
		if err := ptraceotlp.NewExportRequest().UnmarshalProto(body); err != nil {
			return
		}
		if _, ok := weigh(append(bytes.Clone(body), nested(60)...), tracesRequest, protobufFormat); ok {
			if _, alone := weigh(body, tracesRequest, protobufFormat); alone {
				t.Error(errors.New("a nested attribute after this body is not weighed"))
			}
		}
	})
}

func BenchmarkWeigh(b *testing.B) {
	body := protobufBody(b, traces(100))
	b.Run("weigh", func(b *testing.B) {
		for b.Loop() {
			weigh(body, tracesRequest, protobufFormat)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			_ = ptraceotlp.NewExportRequest().UnmarshalProto(body)
		}
	})
}
