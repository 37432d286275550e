package pipeline

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// The signals, as the back ends' tallies name them.
const (
	Traces  = "traces"
	Metrics = "metrics"
	Logs    = "logs"
)

// Load describes what to send to a region.
type Load struct {
	// Endpoint is host:port of OTLP/gRPC.
	Endpoint string
	// Rate is the number of spans per second, and also of data points and of log records.
	Rate int
	// Batch is the number of items in a request.
	Batch int
	// Signals to send; all three if empty.
	Signals []string
	// After is the number before the first one sent. It distinguishes loads on the same back ends, and is a multiple of
	// Batch and of SpansOfTrace.
	After uint64
}

// Sender sends a load until it is stopped. It retries like an SDK, but for longer.
type Sender struct {
	load   Load
	conn   *grpc.ClientConn
	stop   chan struct{}
	done   sync.WaitGroup
	mu     sync.Mutex
	sent   map[string]uint64 // last number sent; the first is After+1
	acked  map[string][]uint64
	errors map[string]int
	took   []time.Duration // from the first attempt to the acknowledgement
}

// SendLoad starts sending. It stops with the test, or with [Sender.Stop].
func SendLoad(t testing.TB, load Load) *Sender {
	t.Helper()
	// A short reconnect delay, so that tests measure the pipeline, not the sender's pause.
	connect := grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, MaxDelay: 500 * time.Millisecond}, MinConnectTimeout: time.Second}
	conn, err := grpc.NewClient(load.Endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(connect))
	if err != nil {
		t.Fatalf("dial %s: %v", load.Endpoint, err)
	}
	if len(load.Signals) == 0 {
		load.Signals = []string{Traces, Metrics, Logs}
	}
	s := &Sender{load: load, conn: conn, stop: make(chan struct{}), sent: map[string]uint64{}, acked: map[string][]uint64{}, errors: map[string]int{}}
	for _, signal := range load.Signals {
		s.sent[signal] = load.After
		s.done.Go(func() { s.pace(signal) })
	}
	t.Cleanup(func() { s.Stop(); conn.Close() })
	return s
}

// Stop stops sending and waits for the last answers.
func (s *Sender) Stop() {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.done.Wait()
}

// pace starts a request at each tick, even if earlier ones are unanswered.
func (s *Sender) pace(signal string) {
	tick := time.NewTicker(time.Second * time.Duration(s.load.Batch) / time.Duration(s.load.Rate))
	defer tick.Stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		first := s.sent[signal] + 1
		s.sent[signal] += uint64(s.load.Batch)
		s.mu.Unlock()
		requests.Go(func() { s.deliver(signal, first) })
	}
}

// deliver retries one request for up to 30 seconds.
func (s *Sender) deliver(signal string, first uint64) {
	began := time.Now()
	pause := 100 * time.Millisecond
	for {
		err := s.export(signal, first)
		if err == nil {
			s.note(signal, first, time.Since(began))
			return
		}
		s.mu.Lock()
		s.errors[fmt.Sprintf("%s: %v: %.80s", signal, status.Code(err), status.Convert(err).Message())]++
		s.mu.Unlock()
		if !retryable(err) || time.Since(began) > 30*time.Second {
			return
		}
		time.Sleep(pause)
		pause = min(2*pause, time.Second)
	}
}

func retryable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Canceled:
		return true
	}
	return false
}

func (s *Sender) note(signal string, first uint64, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range uint64(s.load.Batch) {
		s.acked[signal] = append(s.acked[signal], first+n)
	}
	s.took = append(s.took, took)
}

// Took returns the acknowledgement times since the last call, in ascending order.
func (s *Sender) Took() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := s.took
	s.took = nil
	slices.Sort(took)
	return took
}

// percentile returns a percentile of sorted times, 0 without any.
func percentile(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	return took[(len(took)-1)*percent/100]
}

func (s *Sender) export(signal string, first uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var err error
	switch signal {
	case Traces:
		_, err = coltrace.NewTraceServiceClient(s.conn).Export(ctx, spans(first, s.load.Batch))
	case Metrics:
		_, err = colmetrics.NewMetricsServiceClient(s.conn).Export(ctx, points(first, s.load.Batch))
	default:
		_, err = collogs.NewLogsServiceClient(s.conn).Export(ctx, records(first, s.load.Batch))
	}
	return err
}

// Errors counts the errors by text.
func (s *Sender) Errors() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := make(map[string]int, len(s.errors))
	for text, n := range s.errors {
		copied[text] = n
	}
	return copied
}

// Acked is the number of acknowledged items of a signal so far.
func (s *Sender) Acked(signal string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acked[signal])
}

// SpansOfTrace is the number of spans in each trace of a load; they are consecutive.
const SpansOfTrace = 5

// TraceFails reports whether the span with this number belongs to a trace with an error: one of 50.
func TraceFails(span uint64) bool { return (span-1)/SpansOfTrace%50 == 7 }

func traceID(span uint64) []byte {
	trace := (span - 1) / SpansOfTrace
	id := binary.BigEndian.AppendUint64(nil, mix(trace*2+1))
	return binary.BigEndian.AppendUint64(id, mix(trace*2+2))
}

// mix distributes numbers over all 64 bits (splitmix64), like random trace ids.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}
