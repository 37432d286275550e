package otlpmuxreceiver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// gate is a pipeline that blocks until it is opened.
type gate struct {
	waiting atomic.Int64
	opened  chan struct{}
}

func newGate() *gate { return &gate{opened: make(chan struct{})} }

func (g *gate) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (g *gate) ConsumeTraces(ctx context.Context, _ ptrace.Traces) error {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	select {
	case <-g.opened:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func smallLimits(c *Config) {
	c.MaxRequestBodySize = 256 << 10
	c.Admission.MaxInFlightBytes = 1 << 20
}

// TestOversized checks that requests that are too large are refused, announced or not, compressed or not, in every protocol.
func TestOversized(t *testing.T) {
	r := start(t, nil, smallLimits)
	zeros := make([]byte, 8<<20)
	large := zeros[:300<<10]
	for _, test := range []struct {
		name, encoding string
		body           io.Reader
	}{
		{"announced", "", bytes.NewReader(large)},
		{"chunked", "", unknownLength{bytes.NewReader(large)}},
		{"gzip bomb", "gzip", bytes.NewReader(compress(t, "gzip", zeros))},
		{"zstd bomb", "zstd", bytes.NewReader(compress(t, "zstd", zeros))},
	} {
		for _, major := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/http%d", test.name, major), func(t *testing.T) {
				_, _ = test.body.(io.Seeker).Seek(0, io.SeekStart)
				request, _ := http.NewRequest(http.MethodPost, "http://"+r.address(0)+"/v1/traces", test.body)
				request.Header.Set("Content-Type", protobufType)
				request.Header.Set("Content-Encoding", test.encoding)
				response, err := httpClient(t, major, nil, "").Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				checkRefusal(t, response, http.StatusRequestEntityTooLarge, codes.InvalidArgument)
			})
		}
	}
	for _, encoding := range []string{"", "gzip", "zstd", "snappy"} {
		if err := grpcExport(t, r.address(0), encoding, nil, largeTraces()); status.Code(err) != codes.InvalidArgument {
			t.Errorf("gRPC %s: %v", encoding, err)
		}
	}
	if got := r.server.admission.inFlight(); got != 0 {
		t.Errorf("%d bytes are still reserved", got)
	}
	if got := r.metric("otelcol_receiver_refused_requests", string(refusedTooLarge)); got != 12 {
		t.Errorf("%d requests were counted as too large, expected 12", got)
	}
}

func largeTraces() ptrace.Traces {
	td := traces(1)
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("padding", strings.Repeat("x", 1<<20))
	return td
}

// TestZstdWindow checks that a frame that requires a window of 1 GiB is refused.
func TestZstdWindow(t *testing.T) {
	r := start(t, nil)
	// Magic number, frame header without a content size, window descriptor 2^30, one raw block.
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, (30 - 10) << 3, 0x09, 0x00, 0x00, 'x'}
	request, _ := http.NewRequest(http.MethodPost, "http://"+r.address(0)+"/v1/traces", bytes.NewReader(frame))
	request.Header.Set("Content-Type", protobufType)
	request.Header.Set("Content-Encoding", "zstd")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, _ := io.ReadAll(response.Body); response.StatusCode != 400 || !strings.Contains(string(answer), "window") {
		t.Errorf("%s %q", response.Status, answer)
	}
}

// TestAdmission fills the memory with requests that wait for the pipeline, and sends more.
func TestAdmission(t *testing.T) {
	pipeline := newGate()
	r := start(t, pipeline, smallLimits)
	body := protobufBody(t, traces(500))
	sent := sync.WaitGroup{}
	var refused, accepted atomic.Int64
	for i := range 40 {
		send := grpcSender(t, r.address(i%2), "identity", body)
		if i%2 == 0 {
			send = httpSender(t, r.address(0), "identity", body)
		}
		sent.Go(func() {
			if err := send(); err == nil {
				accepted.Add(1)
			} else {
				refused.Add(1)
			}
		})
	}
	eventually(t, "every request waits or is refused", func() bool { return pipeline.waiting.Load()+refused.Load() == 40 })
	if n, limit := r.server.admission.inFlight(), r.server.admission.admitLimit/2; n > limit || n < limit-int64(len(body)) {
		t.Errorf("%d bytes in flight, expected one peer's share of %d", n, limit)
	}
	err := grpcExport(t, r.address(0), "", nil, traces(500))
	if status.Code(err) != codes.Unavailable || retryDelay(err) < time.Second || retryDelay(err) > 5*time.Second {
		t.Errorf("gRPC client got %v, retry after %s", err, retryDelay(err))
	}
	response := r.post(protobufType, body)
	checkRefusal(t, response, http.StatusServiceUnavailable, codes.Unavailable)
	if response.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if got := r.metric("otelcol_receiver_in_flight_bytes", ""); got == 0 {
		t.Error("otelcol_receiver_in_flight_bytes is 0")
	}
	close(pipeline.opened)
	sent.Wait()
	if accepted.Load() == 0 || r.server.admission.inFlight() != 0 {
		t.Errorf("%d requests accepted, %d bytes still reserved", accepted.Load(), r.server.admission.inFlight())
	}
}

// TestFairness lets one peer flood the receiver while nine others send a little each.
func TestFairness(t *testing.T) {
	busy := new(slow)
	r := start(t, busy, smallLimits)
	body := protobufBody(t, traces(300))
	stop := make(chan struct{})
	flood := sync.WaitGroup{}
	var flooded, floodRefused atomic.Int64
	client := httpClient(t, 1, nil, "127.0.0.99")
	for range 50 {
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				code, err := postFrom(client, r.address(0), body)
				switch {
				case err != nil:
				case code == http.StatusOK:
					flooded.Add(1)
				default:
					floodRefused.Add(1)
				}
			}
		})
	}
	eventually(t, "the flood is refused", func() bool { return floodRefused.Load() > 0 })
	var polite sync.WaitGroup
	for peer := range 9 {
		client := httpClient(t, 1+peer%2, nil, fmt.Sprintf("127.0.0.%d", 10+peer))
		polite.Go(func() {
			for i := range 30 {
				if code, err := postFrom(client, r.address(i%2), body); err != nil || code != http.StatusOK {
					t.Errorf("polite peer %d, request %d: status %d, error %v", peer, i, code, err)
				}
			}
		})
	}
	polite.Wait()
	close(stop)
	flood.Wait()
	t.Logf("flood: %d accepted, %d refused; polite: 270 accepted; limit %d bytes", flooded.Load(), floodRefused.Load(), r.server.admission.limit)
	if flooded.Load() == 0 {
		t.Error("no request of the flooding peer was accepted")
	}
	if got := r.metric("otelcol_receiver_refused_requests", string(refusedShare)); got == 0 {
		t.Error("no refusal was counted as peer_share")
	}
}

// slow is a pipeline that needs a moment for each request.
type slow struct{}

func (*slow) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (*slow) ConsumeTraces(context.Context, ptrace.Traces) error {
	time.Sleep(5 * time.Millisecond)
	return nil
}

func postFrom(client *http.Client, address string, body []byte) (int, error) {
	response, err := client.Post("http://"+address+"/v1/traces", protobufType, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// unknownLength hides the length of a body from the HTTP client, which then sends it in chunks.
type unknownLength struct{ io.ReadSeeker }

// TestPeerIsCertificate accounts two clients on one address to their certificates.
func TestPeerIsCertificate(t *testing.T) {
	authority, pipeline := newAuthority(t), newGate()
	r := start(t, pipeline, authority.serverTLS(t, true), func(c *Config) { c.Admission.PeerIdentity = peerCertificate })
	var sent sync.WaitGroup
	for _, name := range []string{"cluster-a", "cluster-b"} {
		secure := authority.clientTLS(t, name)
		sent.Go(func() {
			if err := exportOnce(t, "http2 protobuf", "", r.address(0), secure); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "both wait", func() bool { return pipeline.waiting.Load() == 2 })
	r.server.admission.mu.Lock()
	peers := slices.Sorted(maps.Keys(r.server.admission.peers))
	r.server.admission.mu.Unlock()
	if !slices.Equal(peers, []string{"CN=cluster-a,O=telepod", "CN=cluster-b,O=telepod"}) {
		t.Errorf("peers are %q, want the two certificates", peers)
	}
	close(pipeline.opened)
	sent.Wait()
}

// TestRefusalOfLargeBody checks that a client that is still sending gets the response, including when
// to retry, rather than only a broken connection.
func TestRefusalOfLargeBody(t *testing.T) {
	r := start(t, nil)
	r.server.admission.alpha = 0 // one peer may have everything
	held, _ := r.server.admission.admit("somebody", r.server.admission.admitLimit)
	defer held.release()
	body := make([]byte, 8<<20)
	for _, major := range []int{1, 2} {
		client := httpClient(t, major, nil, "")
		for range 5 {
			if code, err := postFrom(client, r.address(0), body); err != nil || code != http.StatusServiceUnavailable {
				t.Errorf("HTTP/%d: status %d, error %v", major, code, err)
			}
		}
	}
}
