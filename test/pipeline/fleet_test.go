package pipeline

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
)

var fleetSize = flag.Int("fleet", 60, "number of nodes that reconnect at the same time; make fleet uses 500")

// The backlog of each node of a fleet: requests, and spans in each (about 275 kB).
const (
	backlog      = 4
	spansPerPost = 500
)

// TestFleetReturns reconnects all nodes of a fleet at the same time after an outage, each with a backlog. The site must
// accept what it can, reject the rest in time, and stay within its memory limit. Everything must arrive in the end. The
// site's goodput must not collapse, compared with a few nodes in the same run.
func TestFleetReturns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	const limit = 1 << 30
	p := NewPlant(t)
	site := p.Central(t, "primary", p.Direct())
	// As in a container with a limit of 1 GiB.
	site.run.Env = append(site.run.Env, "GOMEMLIMIT="+strconv.Itoa(limit*4/5))
	site.run.Configs = append(site.run.Configs, "yaml:processors::memory_limiter: {check_interval: 1s, limit_mib: 819, spike_limit_mib: 205}",
		"yaml:receivers::otlp_mux::admission::max_in_flight_bytes: "+strconv.Itoa(limit/16))
	site.Start(t)
	// Both send the same number of requests, so both include the site's later work: sampling, and batches of the archive.
	few := p.returnOf(t, site, 4, *fleetSize*backlog/4, 0)
	all := p.returnOf(t, site, *fleetSize, backlog, few.spans())
	ratio, cost := all.goodput()/few.goodput(), all.used.Seconds()/few.used.Seconds()
	t.Logf("goodput of %d nodes: %.0f spans/s (%d answers of 503); of %d nodes: %.0f spans/s (%d answers of 503), ratio %.2f, of processor time %.2f; accepted in %v; peak memory %.0f MB",
		few.nodes, few.goodput(), few.refused, all.nodes, all.goodput(), all.refused, ratio, cost, all.took.Round(time.Second/10), site.PeakMemory(t)/1e6)
	// Usual ratios are 0.4 to 0.9. A site that reads requests before it knows whether it has room for them falls below a
	// tenth.
	if ratio < 0.15 || cost > 4 {
		t.Errorf("the goodput collapses when all nodes return: %.2f times that of few nodes, for %.2f times the processor time", ratio, cost)
	}
	if peak := site.PeakMemory(t); peak > limit {
		t.Errorf("the site used %.0f MB, above its limit of %d MB", peak/1e6, limit>>20)
	}
	want := few.spans() + all.spans()
	Await(t, 2*Patience, "all spans in the archive", func() bool { return uint64(len(p.Tally(t, "s3", Traces))) >= want })
	repeated := 0
	for _, times := range p.Tally(t, "s3", Traces) {
		repeated += times - 1
	}
	if repeated > 0 {
		t.Errorf("%d spans were archived more than once: the site rejected a request that it had accepted", repeated)
	}
}

// fleet is the result of nodes that returned.
type fleet struct {
	nodes, requests, refused int
	took                     time.Duration
	used                     time.Duration // processor time of the site
}

func (f fleet) spans() uint64    { return uint64(f.nodes * f.requests * spansPerPost) }
func (f fleet) goodput() float64 { return float64(f.spans()) / f.took.Seconds() }

// returnOf makes nodes send their backlogs, numbered from after+1, until the site has accepted everything.
func (p *Plant) returnOf(t *testing.T, site *Node, nodes, requests int, after uint64) fleet {
	t.Helper()
	f := fleet{nodes: nodes, requests: requests}
	bodies := backlogs(t, nodes*requests, after)
	began, used := time.Now(), site.CPU(t)
	var senders sync.WaitGroup
	var mu sync.Mutex
	for n := range nodes {
		client := p.nodeClient(t)
		senders.Go(func() {
			for i := range requests {
				refused, err := post(t, client, "https://"+site.Address+":4318/v1/traces", bodies[n*requests+i])
				mu.Lock()
				f.refused += refused
				mu.Unlock()
				if err != nil {
					t.Errorf("node %d: %v", n, err)
					return
				}
			}
		})
	}
	senders.Wait()
	f.took, f.used = time.Since(began), site.CPU(t)-used
	return f
}

// nodeClient connects like a node of a region: with its own connection and mutual TLS.
func (p *Plant) nodeClient(t testing.TB) *http.Client {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(p.Certificates(), "tls.crt"), filepath.Join(p.Certificates(), "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(p.Certificates(), "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// backlogs returns the requests in the nodes' queues, encoded and compressed.
func backlogs(t testing.TB, count int, after uint64) [][]byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bodies := make([][]byte, count)
	for i := range bodies {
		encoded, err := proto.Marshal(spans(after+uint64(i*spansPerPost)+1, spansPerPost))
		if err != nil {
			t.Fatal(err)
		}
		bodies[i] = encoder.EncodeAll(encoded, nil)
	}
	return bodies
}

// post retries a request until it is accepted. It waits between attempts as Retry-After requires, with jitter.
func post(t testing.TB, client *http.Client, url string, body []byte) (refused int, err error) {
	for began := time.Now(); ; refused++ {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return refused, err
		}
		request.Header.Set("Content-Type", "application/x-protobuf")
		request.Header.Set("Content-Encoding", "zstd")
		response, err := client.Do(request)
		if err != nil {
			return refused, err
		}
		_, _ = io.Copy(io.Discard, response.Body) // only the status matters
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return refused, nil
		}
		if response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusTooManyRequests {
			return refused, fmt.Errorf("answered with %s", response.Status)
		}
		if time.Since(began) > 2*Patience {
			return refused, fmt.Errorf("not accepted within %v", 2*Patience)
		}
		wait, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil || wait < 1 {
			return refused, fmt.Errorf("rejected without a valid Retry-After: %q", response.Header.Get("Retry-After"))
		}
		time.Sleep(time.Duration(wait)*time.Second - rand.N(500*time.Millisecond))
	}
}
