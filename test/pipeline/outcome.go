package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Place is a back end that stores a complete signal.
type Place struct{ Signal, Backend string }

// Archives are the stores that receive everything from central sites with an archive and Prometheus.
func Archives() []Place {
	return []Place{{Traces, "s3"}, {Logs, "s3"}, {Metrics, "remotewrite"}}
}

// Outcome counts the items of one signal of a load.
type Outcome struct {
	Place
	// Sent counts the items sent to the region, Acked those that it acknowledged.
	Sent, Acked int
	// Lost counts the items that were acknowledged, but did not arrive.
	Lost int
	// Arrived counts each item once; Extra counts the duplicates.
	Arrived, Extra int
}

func (o Outcome) String() string {
	return fmt.Sprintf("%-7s %-11s sent %6d  acked %6d  arrived %6d  lost %5d  duplicates %5d", o.Signal, o.Backend, o.Sent, o.Acked, o.Arrived, o.Lost, o.Extra)
}

// Outcome compares what a sender sent with what a back end of test/backends received.
func (b *Backends) Outcome(t testing.TB, s *Sender, at Place) Outcome {
	t.Helper()
	arrived := b.Tally(t, at.Backend, at.Signal)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := Outcome{Place: at, Sent: int(s.sent[at.Signal] - s.load.After), Acked: len(s.acked[at.Signal]), Arrived: len(arrived)}
	for _, n := range s.acked[at.Signal] {
		if arrived[n] == 0 {
			o.Lost++
		}
	}
	for _, times := range arrived {
		o.Extra += times - 1
	}
	return o
}

// Drain stops a sender, and polls until everything that was acknowledged has arrived at these places, or the
// limit is reached.
func (b *Backends) Drain(t testing.TB, s *Sender, places []Place, limit time.Duration) []Outcome {
	t.Helper()
	s.Stop()
	began := time.Now()
	for {
		var outcomes []Outcome
		missing := 0
		for _, place := range places {
			o := b.Outcome(t, s, place)
			outcomes, missing = append(outcomes, o), missing+o.Lost
		}
		if missing == 0 || time.Since(began) > limit {
			return outcomes
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// Tally returns how often each number of a signal arrived at a back end.
func (b *Backends) Tally(t testing.TB, backend, signal string) map[uint64]int {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://%s/tally/%s/%s", net.JoinHostPort(b.Host, "8080"), backend, signal))
	if err != nil {
		t.Fatalf("get the tally of %s: %v", backend, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("get the tally of %s: %s", backend, resp.Status)
	}
	times := map[uint64]int{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		var number uint64
		var count int
		if _, err := fmt.Sscan(lines.Text(), &number, &count); err != nil {
			t.Fatalf("read the tally of %s: %v in %q", backend, err, lines.Text())
		}
		times[number] = count
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("read the tally of %s: %v", backend, err)
	}
	return times
}

// Complete returns how many traces with an error were acknowledged completely, and how many of these have all
// their spans in a back end.
func (b *Backends) Complete(t testing.TB, s *Sender, backend string) (failed, complete int) {
	t.Helper()
	arrived := b.Tally(t, backend, Traces)
	s.mu.Lock()
	defer s.mu.Unlock()
	accepted, kept := map[uint64]int{}, map[uint64]int{}
	for _, n := range s.acked[Traces] {
		if TraceFails(n) {
			accepted[(n-1)/SpansOfTrace]++
			kept[(n-1)/SpansOfTrace] += min(1, arrived[n])
		}
	}
	for trace, n := range accepted {
		if n != SpansOfTrace {
			continue
		}
		failed++
		if kept[trace] == SpansOfTrace {
			complete++
		}
	}
	return failed, complete
}

// objects returns the keys in the archive, a line each.
func (b *Backends) objects(t testing.TB) string { return b.control(t, "/s3/keys") }

// counted returns the number of spans according to the span metrics in Prometheus.
func (b *Backends) counted(t testing.TB) float64 {
	t.Helper()
	sum, err := strconv.ParseFloat(strings.TrimSpace(b.control(t, "/spans")), 64)
	if err != nil {
		t.Fatalf("read the number of spans: %v", err)
	}
	return sum
}

// control returns a response of the control port.
func (b *Backends) control(t testing.TB, path string) string {
	t.Helper()
	resp, err := http.Get("http://" + net.JoinHostPort(b.Host, "8080") + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
