package clouds

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Load sends spans with sequence numbers to the regional Collector of every cluster, like an application on the node.
// They have no cloud attributes: the Collector adds those.
type Load struct {
	stop    chan struct{}
	senders []*sender
	done    sync.WaitGroup
}

// sender is the load of one region.
type sender struct {
	client coltrace.TraceServiceClient
	conn   *grpc.ClientConn
	region uint64

	mu    sync.Mutex
	sent  uint64 // numbers 1..n were sent
	acked []uint64
	fails map[string]int
}

// Service is the service name in a load.
const Service = "counter"

// batch is the number of spans in a request, in traces of five.
const (
	batch        = 10
	spansOfTrace = 5
)

// SendLoad starts sending this many spans per second, a multiple of ten, in every region.
func (e *Estate) SendLoad(rate int) (*Load, error) {
	l := &Load{stop: make(chan struct{})}
	for i, s := range e.sites {
		address := net.JoinHostPort(s.Apps().Address, "4317")
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, fmt.Errorf("send spans to %s: %w", s.Place.Cluster, err)
		}
		one := &sender{client: coltrace.NewTraceServiceClient(conn), conn: conn, region: uint64(i + 1), fails: map[string]int{}}
		l.senders = append(l.senders, one)
		l.done.Go(func() { one.pace(l.stop, time.Second*batch/time.Duration(rate)) })
	}
	return l, nil
}

// Stop stops sending and waits for the last answers.
func (l *Load) Stop() {
	select {
	case <-l.stop:
		return
	default:
		close(l.stop)
	}
	l.done.Wait()
	for _, s := range l.senders {
		s.conn.Close()
	}
}

// pace starts a request at each tick, even if earlier ones are unanswered.
func (s *sender) pace(stop <-chan struct{}, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		first := s.sent + 1
		s.sent += batch
		s.mu.Unlock()
		requests.Go(func() { s.deliver(first) })
	}
}

// deliver retries one request for up to 30 seconds, like an SDK.
func (s *sender) deliver(first uint64) {
	began := time.Now()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := s.client.Export(ctx, s.request(first))
		cancel()
		s.mu.Lock()
		if err == nil {
			for n := range uint64(batch) {
				s.acked = append(s.acked, s.number(first+n))
			}
		} else {
			s.fails[err.Error()]++
		}
		s.mu.Unlock()
		if err == nil || time.Since(began) > 30*time.Second {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// number is unique across regions. It is the span's id.
func (s *sender) number(n uint64) uint64 { return s.region<<48 | n }

func (s *sender) request(first uint64) *coltrace.ExportTraceServiceRequest {
	now := uint64(time.Now().UnixNano())
	var spans []*tracepb.Span
	for i := range uint64(batch) {
		n := first + i
		root := (n-1)/spansOfTrace*spansOfTrace + 1
		span := &tracepb.Span{
			TraceId: traceID(s.number(root)), SpanId: binary.BigEndian.AppendUint64(nil, s.number(n)),
			Name: "count", Kind: tracepb.Span_SPAN_KIND_INTERNAL,
			StartTimeUnixNano: now, EndTimeUnixNano: now + uint64(5*time.Millisecond),
			Attributes: []*commonpb.KeyValue{{Key: "sequence", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(n)}}}},
		}
		if n != root {
			span.ParentSpanId = binary.BigEndian.AppendUint64(nil, s.number(root))
		}
		spans = append(spans, span)
	}
	name := &commonpb.KeyValue{Key: "service.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: Service}}}
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{name}},
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
	}}}
}

// traceID distributes numbers over all bits (splitmix64), like real trace ids, as sampling requires.
func traceID(n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, mix(2*n)), mix(2*n+1))
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}
