package pipeline

import (
	"compress/gzip"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
)

// Vendor simulates a SaaS backend that accepts OTLP over HTTPS and gRPC, and can return errors.
type Vendor struct {
	// URL of the service.
	URL string
	// GRPC is the URL of the service for OTLP over gRPC.
	GRPC string
	// Login issues OAuth2 tokens at /token below URL.
	Login *Login

	mu       sync.Mutex
	answer   func(http.Header) Response
	requests []Request
	arrived  map[string]map[uint64]int // by signal
	records  []*logs.LogRecord
	received []Received
}

// Response describes the vendor's response: status 0 means 200.
type Response struct {
	Status     int
	RetryAfter string
}

// Request is a request that the vendor received.
type Request struct {
	Path   string
	Header http.Header
	At     time.Time
	Status int
	// Items is the number of items in OTLP traces or logs.
	Items int
}

// StartVendor starts a vendor with the plant's certificate. It stops with the test.
func (p *Plant) StartVendor(t testing.TB) *Vendor {
	t.Helper()
	v := &Vendor{Login: newLogin(t), arrived: map[string]map[uint64]int{Traces: {}, Logs: {}}, answer: func(http.Header) Response { return Response{} }}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(p.Certificates(), "tls.crt"), filepath.Join(p.Certificates(), "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(v)
	server.Listener.Close()
	server.Listener = listen(t, p.Address())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	v.URL = server.URL
	v.GRPC = v.serveGRPC(t, listen(t, p.Address()), credentials.NewServerTLSFromCert(&certificate))
	return v
}

func listen(t testing.TB, host string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Answer sets the vendor's response, which may depend on the headers of a request.
func (v *Vendor) Answer(response func(http.Header) Response) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = response
}

// Requests returns all requests so far.
func (v *Vendor) Requests() []Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Request(nil), v.requests...)
}

// Received is a metric, a data point of a sum, or a log record, which is named by its text.
type Received struct {
	Name string
	// Resource and Point are the attributes of its resource, and of a data point.
	Resource, Point map[string]string
}

// Has reports whether a metric or log record arrived with this text in its name, and these attributes.
func (v *Vendor) Has(want Received) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.received, func(t Received) bool {
		for key, value := range want.Resource {
			if t.Resource[key] != value {
				return false
			}
		}
		for key, value := range want.Point {
			if t.Point[key] != value {
				return false
			}
		}
		return strings.Contains(t.Name, want.Name)
	})
}

// Records are the log records of all requests so far.
func (v *Vendor) Records() []*logs.LogRecord {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.records)
}

// Lost returns the number of acknowledged items of a signal that the vendor has not accepted.
func (v *Vendor) Lost(s *Sender, signal string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := 0
	for _, n := range s.acked[signal] {
		if v.arrived[signal][n] == 0 {
			lost++
		}
	}
	return lost
}

// ServeHTTP implements http.Handler.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		v.Login.ServeHTTP(w, r)
		return
	}
	signal, numbers, records, received, err := readOTLP(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.records, v.received = append(v.records, records...), append(v.received, received...)
	response := v.accept(r.URL.Path, r.Header.Clone(), signal, numbers)
	if response.RetryAfter != "" {
		w.Header().Set("Retry-After", response.RetryAfter)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(response.Status)
}

// accept records a request and returns the answer. The caller has locked v.mu.
func (v *Vendor) accept(path string, header http.Header, signal string, numbers []uint64) Response {
	response := v.answer(header)
	if response.Status == 0 {
		response.Status = http.StatusOK
		for _, n := range numbers {
			v.arrived[signal][n]++
		}
	}
	v.requests = append(v.requests, Request{Path: path, Header: header, At: time.Now(), Status: response.Status, Items: len(numbers)})
	return response
}

// readOTLP returns the signal of a request, its sequence numbers, its log records, and its metrics and records by name.
func readOTLP(r *http.Request) (string, []uint64, []*logs.LogRecord, []Received, error) {
	signal := filepath.Base(r.URL.Path)
	body, err := unpacked(r)
	if err != nil {
		return signal, nil, nil, nil, err
	}
	switch signal {
	case "write": // remote write, which is not decoded
		return signal, nil, nil, nil, nil
	case Traces:
		var request coltrace.ExportTraceServiceRequest
		err := proto.Unmarshal(body, &request)
		return signal, spanNumbers(&request), nil, nil, err
	case Logs:
		var request collogs.ExportLogsServiceRequest
		err := proto.Unmarshal(body, &request)
		numbers, records := recordNumbers(&request)
		return signal, numbers, records, recordsOf(&request), err
	case Metrics:
		var request colmetrics.ExportMetricsServiceRequest
		err := proto.Unmarshal(body, &request)
		return signal, nil, nil, metricsOf(&request), err
	}
	return signal, nil, nil, nil, fmt.Errorf("%s is not the path of a signal", r.URL.Path)
}

func recordsOf(request *collogs.ExportLogsServiceRequest) (received []Received) {
	for _, rl := range request.ResourceLogs {
		for _, sl := range rl.ScopeLogs {
			for _, r := range sl.LogRecords {
				received = append(received, Received{Name: r.Body.GetStringValue(), Resource: texts(rl.Resource.GetAttributes())})
			}
		}
	}
	return received
}

func metricsOf(request *colmetrics.ExportMetricsServiceRequest) (received []Received) {
	for _, rm := range request.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				in := texts(rm.Resource.GetAttributes())
				received = append(received, Received{Name: m.Name, Resource: in})
				for _, point := range m.GetSum().GetDataPoints() {
					received = append(received, Received{Name: m.Name, Resource: in, Point: texts(point.Attributes)})
				}
			}
		}
	}
	return received
}

func texts(attributes []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attributes {
		all[a.Key] = a.Value.GetStringValue()
		if a.Value.GetBoolValue() {
			all[a.Key] = "true"
		}
	}
	return all
}

func unpacked(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	body, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

func spanNumbers(request *coltrace.ExportTraceServiceRequest) (numbers []uint64) {
	for _, rs := range request.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				numbers = append(numbers, binary.BigEndian.Uint64(s.SpanId))
			}
		}
	}
	return numbers
}

func recordNumbers(request *collogs.ExportLogsServiceRequest) (numbers []uint64, records []*logs.LogRecord) {
	for _, rl := range request.ResourceLogs {
		for _, sl := range rl.ScopeLogs {
			records = append(records, sl.LogRecords...)
			for _, r := range sl.LogRecords {
				for _, a := range r.Attributes {
					if a.Key == "seq" {
						numbers = append(numbers, uint64(a.Value.GetIntValue()))
					}
				}
			}
		}
	}
	return numbers, records
}
