package pipeline

import (
	"bufio"
	"fmt"
	"net/http"
	"testing"
)

// Outcome says what became of one signal of a load.
type Outcome struct {
	Signal string
	// Sent were offered to the region, Acked were accepted by it.
	Sent, Acked int
	// Lost were acknowledged and never arrived.
	Lost int
	// Arrived counts each item once; Extra are its further copies.
	Arrived, Extra int
}

func (o Outcome) String() string {
	return fmt.Sprintf("%-7s sent %6d  acked %6d  arrived %6d  lost %5d  duplicates %5d", o.Signal, o.Sent, o.Acked, o.Arrived, o.Lost, o.Extra)
}

// Outcome compares what a sender sent with what a back end of test/backends received.
func (p *Plant) Outcome(t testing.TB, s *Sender, signal, backend string) Outcome {
	t.Helper()
	arrived := p.Tally(t, backend, signal)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := Outcome{Signal: signal, Sent: int(s.sent[signal]), Acked: len(s.acked[signal]), Arrived: len(arrived)}
	for _, n := range s.acked[signal] {
		if arrived[n] == 0 {
			o.Lost++
		}
	}
	for _, times := range arrived {
		o.Extra += times - 1
	}
	return o
}

// Tally asks a back end how often each number of a signal arrived.
func (p *Plant) Tally(t testing.TB, backend, signal string) map[uint64]int {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://%s:8080/tally/%s/%s", p.Backends, backend, signal))
	if err != nil {
		t.Fatalf("ask for the tally of %s: %v", backend, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("ask for the tally of %s: %s", backend, resp.Status)
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

// Complete tells how many traces with an error were acknowledged as a whole, and how many of
// these a back end has with all their spans.
func (p *Plant) Complete(t testing.TB, s *Sender, backend string) (failed, complete int) {
	t.Helper()
	arrived := p.Tally(t, backend, Traces)
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
