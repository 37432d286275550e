package otlp_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/otlp"
)

// spans returns a request with one span of this name.
func spans(t *testing.T, name string) archive.Request {
	t.Helper()
	data, err := proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: name}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return archive.Request{Signal: archive.Traces, Data: data, Items: 1}
}

func open(t *testing.T, o otlp.Options) *otlp.Client {
	t.Helper()
	o.Timeout, o.Pause, o.MaxPause = 5*time.Second, time.Millisecond, 2*time.Millisecond
	if o.GiveUp == 0 {
		o.GiveUp = 10 * time.Second
	}
	c, err := otlp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// receiver is a gRPC server that returns the test's answers in turn, and then accepts everything.
type receiver struct {
	coltrace.UnimplementedTraceServiceServer
	mu      sync.Mutex
	answers []error
	partial *coltrace.ExportTracePartialSuccess
	names   []string
	headers metadata.MD
}

func (r *receiver) Export(ctx context.Context, request *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers, _ = metadata.FromIncomingContext(ctx)
	if len(r.answers) > 0 {
		err := r.answers[0]
		r.answers = r.answers[1:]
		return nil, err
	}
	r.names = append(r.names, request.ResourceSpans[0].ScopeSpans[0].Spans[0].Name)
	return &coltrace.ExportTraceServiceResponse{PartialSuccess: r.partial}, nil
}

type metricReceiver struct {
	colmetrics.UnimplementedMetricsServiceServer
	calls int
}

func (r *metricReceiver) Export(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	r.calls++
	return &colmetrics.ExportMetricsServiceResponse{PartialSuccess: &colmetrics.ExportMetricsPartialSuccess{RejectedDataPoints: 4, ErrorMessage: "m"}}, nil
}

type logReceiver struct {
	collogs.UnimplementedLogsServiceServer
	calls int
}

func (r *logReceiver) Export(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	r.calls++
	return &collogs.ExportLogsServiceResponse{PartialSuccess: &collogs.ExportLogsPartialSuccess{RejectedLogRecords: 5, ErrorMessage: "l"}}, nil
}

// serve runs a gRPC server and returns its URL.
func serve(t *testing.T, register func(*grpc.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

func withRetryInfo(t *testing.T, code codes.Code) error {
	t.Helper()
	s, err := status.New(code, "later").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// Outcomes of a Send.
const (
	arrived = "arrived"
	refused = "refused"
	fatal   = "fatal"
)

func outcome(err error) string {
	if _, is := errors.AsType[*archive.RefusedError](err); is {
		return refused
	}
	if err != nil {
		return fatal
	}
	return arrived
}

func TestGRPC(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []error
		want    string
	}{
		{"accepted", nil, arrived},
		{"unavailable for a while", []error{status.Error(codes.Unavailable, ""), status.Error(codes.DeadlineExceeded, ""), status.Error(codes.Aborted, "")}, arrived},
		{"a retry delay requested", []error{withRetryInfo(t, codes.Unavailable), withRetryInfo(t, codes.ResourceExhausted)}, arrived},
		{"too large", []error{status.Error(codes.ResourceExhausted, "larger than max")}, refused},
		{"invalid", []error{status.Error(codes.InvalidArgument, "no such")}, refused},
		{"no permission", []error{status.Error(codes.PermissionDenied, "no")}, fatal},
		{"no such service", []error{status.Error(codes.Unimplemented, "no")}, fatal},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &receiver{answers: test.answers}
			url := serve(t, func(s *grpc.Server) { coltrace.RegisterTraceServiceServer(s, r) })
			c := open(t, otlp.Options{Endpoint: url, Protocol: otlp.GRPC, Headers: map[string]string{"X-Team": "shop"}})
			_, err := c.Send(t.Context(), spans(t, "one"))
			if outcome(err) != test.want {
				t.Errorf("outcome %q, want %q: %v", outcome(err), test.want, err)
			}
			if got := len(r.names) == 1 && r.names[0] == "one"; got != (test.want == arrived) {
				t.Errorf("arrived: %q", r.names)
			}
			if diff := cmp.Diff([]string{"shop"}, r.headers.Get("x-team")); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPartialSuccess checks that the rejected items of each signal are read.
func TestPartialSuccess(t *testing.T) {
	spansTo := &receiver{partial: &coltrace.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "t"}}
	metricsTo, logsTo := &metricReceiver{}, &logReceiver{}
	url := serve(t, func(s *grpc.Server) {
		coltrace.RegisterTraceServiceServer(s, spansTo)
		colmetrics.RegisterMetricsServiceServer(s, metricsTo)
		collogs.RegisterLogsServiceServer(s, logsTo)
	})
	c := open(t, otlp.Options{Endpoint: url, Protocol: otlp.GRPC})
	for _, test := range []struct {
		request archive.Request
		want    archive.Answer
	}{
		{spans(t, "one"), archive.Answer{Rejected: 3, Message: "t"}},
		{archive.Request{Signal: archive.Metrics}, archive.Answer{Rejected: 4, Message: "m"}},
		{archive.Request{Signal: archive.Logs}, archive.Answer{Rejected: 5, Message: "l"}},
	} {
		got, err := c.Send(t.Context(), test.request)
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v; want %+v", test.request.Signal, got, err, test.want)
		}
	}
	if len(spansTo.names) != 1 || metricsTo.calls != 1 || logsTo.calls != 1 {
		t.Error("a partially accepted request was sent again")
	}
}

func TestHTTP(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []int
		want    string
	}{
		{"accepted", nil, arrived},
		{"unavailable for a while", []int{503, 429, 502, 504}, arrived},
		{"too large", []int{413}, refused},
		{"invalid", []int{400}, refused},
		{"no permission", []int{401}, fatal},
		{"no such path", []int{404}, fatal},
	} {
		t.Run(test.name, func(t *testing.T) {
			var path, header string
			var names []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				path, header = r.URL.Path, r.Header.Get("X-Team")
				if len(test.answers) > 0 {
					w.WriteHeader(test.answers[0])
					test.answers = test.answers[1:]
					return
				}
				names = append(names, nameIn(t, r))
				answer, _ := proto.Marshal(&coltrace.ExportTraceServiceResponse{PartialSuccess: &coltrace.ExportTracePartialSuccess{ErrorMessage: "warning"}})
				w.Write(answer)
			}))
			defer server.Close()
			c := open(t, otlp.Options{Endpoint: server.URL + "/otlp", Protocol: otlp.HTTP, Headers: map[string]string{"X-Team": "shop"}})
			answer, err := c.Send(t.Context(), spans(t, "one"))
			if outcome(err) != test.want {
				t.Errorf("outcome %q, want %q: %v", outcome(err), test.want, err)
			}
			if got := strings.Join(names, " ") == "one"; got != (test.want == arrived) || got && answer.Message != "warning" {
				t.Errorf("arrived: %q, answer %+v", names, answer)
			}
			if path != "/otlp/v1/traces" || header != "shop" {
				t.Errorf("path %s, header %q", path, header)
			}
		})
	}
}

// TestRedirection: redirects are not followed, because a page's answer to a GET does not prove that the data arrived.
func TestRedirection(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/login", http.StatusFound))
	defer server.Close()
	c := open(t, otlp.Options{Endpoint: server.URL, Protocol: otlp.HTTP, Headers: map[string]string{"X-Key": "secret"}})
	if _, err := c.Send(t.Context(), spans(t, "one")); outcome(err) != fatal || !strings.Contains(err.Error(), elsewhere.URL+"/login") {
		t.Errorf("error %v, want it to contain the redirect target", err)
	}
	if followed {
		t.Error("the client followed the redirect and sent its headers")
	}
}

func nameIn(t *testing.T, r *http.Request) string {
	t.Helper()
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var request coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(data, &request); err != nil {
		t.Fatal(err)
	}
	return request.ResourceSpans[0].ScopeSpans[0].Spans[0].Name
}

// TestGiveUp: the client gives up on a receiver that stays unavailable, and reports each pause.
func TestGiveUp(t *testing.T) {
	for _, protocol := range []string{otlp.GRPC, otlp.HTTP} {
		pauses := 0
		c := open(t, otlp.Options{Endpoint: "http://127.0.0.1:1", Protocol: protocol, GiveUp: 50 * time.Millisecond,
			Retry: func(error, time.Duration) { pauses++ }})
		_, err := c.Send(t.Context(), spans(t, "one"))
		if err == nil || !strings.Contains(err.Error(), "retried for 50ms") || pauses == 0 {
			t.Errorf("%s: after %d pauses: %v", protocol, pauses, err)
		}
	}
}

func TestNew(t *testing.T) {
	for _, test := range []struct{ endpoint, protocol, err string }{
		{"localhost:4317", otlp.GRPC, "write it as http://host:4317"},
		{"", otlp.GRPC, "write it as http://host:4317"},
		{"http://localhost:4317/v1/traces", otlp.GRPC, "gRPC has no path"},
		{"http://localhost:4317", "thrift", `unknown protocol "thrift": use grpc or http/protobuf`},
	} {
		_, err := otlp.New(otlp.Options{Endpoint: test.endpoint, Protocol: test.protocol})
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s over %s: error %v, want %q", test.endpoint, test.protocol, err, test.err)
		}
	}
}
