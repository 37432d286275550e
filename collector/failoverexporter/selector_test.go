package failoverexporter

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var testTiming = timing{returnAfter: 250 * time.Millisecond, firstBackOff: 250 * time.Millisecond, maxBackOff: 3 * time.Second, maxRetryAfter: 30 * time.Second}

// epoch is the start of fake time.
var epoch = time.Unix(1_800_000_000, 0)

func at(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }

func mustChoose(t *testing.T, s *selector, sig signal, ms, want int) pick {
	t.Helper()
	p, _, ok := s.choose(sig, at(ms))
	if !ok || p.endpoint != want {
		t.Fatalf("at %d ms: chose %d (%v), want %d", ms, p.endpoint, ok, want)
	}
	return p
}

func TestSelectorKeepsSignalsApart(t *testing.T) {
	s := newSelector(2, testTiming, epoch)
	p := mustChoose(t, s, metrics, 0, 0)
	s.refuse(metrics, p, refusal{reason: throttled, chance: 0.99}, at(1))
	mustChoose(t, s, metrics, 2, 1)
	mustChoose(t, s, traces, 2, 0)
	mustChoose(t, s, logs, 2, 0)
	if got := s.changes(); len(got) != 1 || got[0] != (change{metrics, 0, 1, throttled}) {
		t.Errorf("switches %v", got)
	}
}

func TestSelectorLosesAnEndpointForAllSignals(t *testing.T) {
	s := newSelector(2, testTiming, epoch)
	s.lost(traces, mustChoose(t, s, traces, 0, 0), hung, at(900))
	for sig := range signalCount {
		mustChoose(t, s, sig, 901, 1)
	}
	if got := s.changes(); len(got) != int(signalCount) {
		t.Errorf("switches %v", got)
	}
}

func TestSelectorTriesOneBatchAfterARefusal(t *testing.T) {
	s := newSelector(2, testTiming, epoch)
	s.refuse(logs, mustChoose(t, s, logs, 0, 0), refusal{reason: throttled, retryAfter: 2 * time.Second}, at(0))
	mustChoose(t, s, logs, 1999, 1)
	trial := mustChoose(t, s, logs, 2000, 0)
	mustChoose(t, s, logs, 2000, 1) // one at a time
	s.accepted(logs, trial, at(2010))
	mustChoose(t, s, logs, 2011, 0)
	got := s.changes()
	if len(got) != 2 || got[1] != (change{logs, 1, 0, recovered}) {
		t.Errorf("switches %v", got)
	}
}

func TestSelectorCountsConcurrentRefusalsOnce(t *testing.T) {
	s := newSelector(1, testTiming, epoch)
	var picks []pick
	for range 8 {
		picks = append(picks, mustChoose(t, s, traces, 0, 0))
	}
	for i, p := range picks {
		s.refuse(traces, p, refusal{reason: throttled, chance: 0.999}, at(1+i))
	}
	_, wait, ok := s.choose(traces, at(10))
	if ok || wait > testTiming.firstBackOff {
		t.Errorf("wait %s after one refusal, want at most %s", wait, testTiming.firstBackOff)
	}
}

func TestSelectorBoundsRetryAfter(t *testing.T) {
	s := newSelector(1, testTiming, epoch)
	s.refuse(traces, mustChoose(t, s, traces, 0, 0), refusal{reason: throttled, retryAfter: 10 * time.Hour}, at(0))
	if _, wait, ok := s.choose(traces, at(0)); ok || wait != testTiming.maxRetryAfter {
		t.Errorf("wait %s, want %s", wait, testTiming.maxRetryAfter)
	}
}

// A fleet that is refused at the same time returns evenly spread over each back-off, which doubles up to its bound.
func TestSelectorBacksOffWithFullJitter(t *testing.T) {
	const nodes, windows = 4000, 8
	random := rand.New(rand.NewPCG(1, 2))
	fleet := make([]*selector, nodes)
	for i := range fleet {
		fleet[i] = newSelector(1, testTiming, epoch)
	}
	now := 0
	for strike := range 7 {
		limit := min(testTiming.firstBackOff<<strike, testTiming.maxBackOff)
		var counts [windows]int
		for _, s := range fleet {
			s.refuse(traces, mustChoose(t, s, traces, now, 0), refusal{reason: throttled, chance: random.Float64()}, at(now))
			_, wait, ok := s.choose(traces, at(now))
			if ok || wait < minBackOff || wait > limit {
				t.Fatalf("refusal %d: waits %s, want %s to %s", strike+1, wait, minBackOff, limit)
			}
			counts[min(int(wait*windows/limit), windows-1)]++
		}
		for i, n := range counts {
			if n < nodes/windows*8/10 || n > nodes/windows*12/10 {
				t.Errorf("refusal %d: %d of %d nodes wait for part %d of %d of %s", strike+1, n, nodes, i+1, windows, limit)
			}
		}
		now += int(limit/time.Millisecond) + 1
	}
}

func TestSelectorReturnsAfterSteadyProbes(t *testing.T) {
	s := newSelector(2, testTiming, epoch)
	s.lost(traces, mustChoose(t, s, traces, 0, 0), unreachable, at(0))
	s.probed(0, true, at(100), at(101))
	s.probed(0, false, at(200), at(201)) // not steady
	s.probed(0, true, at(300), at(301))
	s.probed(0, false, at(150), at(350)) // began before the good one: out of date
	s.probed(0, true, at(450), at(451))
	mustChoose(t, s, traces, 460, 1)
	s.probed(0, true, at(560), at(561))
	mustChoose(t, s, traces, 562, 0)
}

func TestSelectorUsesTheFirstThatRecoversWhenAllAreDown(t *testing.T) {
	s := newSelector(2, testTiming, epoch)
	s.lost(traces, mustChoose(t, s, traces, 0, 0), unreachable, at(0))
	s.lost(traces, mustChoose(t, s, traces, 1, 1), unreachable, at(1))
	if _, _, ok := s.choose(traces, at(2)); ok {
		t.Fatal("chose an endpoint known to be down")
	}
	s.probed(1, true, at(10), at(11))
	s.accepted(traces, mustChoose(t, s, traces, 12, 1), at(13))
	mustChoose(t, s, logs, 14, 1)
}

func TestSelectorWaitsLongerForAnEndpointThatKeepsRelapsing(t *testing.T) {
	s := newSelector(2, testTiming, epoch)
	now, downs := 0, []int{}
	for range 5 {
		s.lost(traces, mustChoose(t, s, traces, now, 0), unreachable, at(now))
		began := now
		for s.health[0].down {
			now += 50
			s.probed(0, true, at(now-1), at(now))
		}
		downs = append(downs, now-began)
		now += 100
	}
	if !slices.IsSorted(downs) || downs[4] < 4*downs[0] || downs[4] > 3200 {
		t.Errorf("down for %v ms, want longer times, up to a bound", downs)
	}
}

// world is a random schedule of faults against a selector, under a fake clock.
type world struct {
	t        *rapid.T
	s        *selector
	now      time.Time
	ends     []endpointModel
	inFlight []flight
	probes   []flight
}

type endpointModel struct {
	state   string // up, dead, hung, refusing
	changed time.Time
	// known: a flight or probe has detected the present hang.
	known bool
}

type flight struct {
	signal signal
	pick   pick
	end    time.Time
	state  string
}

const (
	answerTime = 20 * time.Millisecond
	hangTime   = 900 * time.Millisecond
	probeEvery = 100 * time.Millisecond
	step       = 10 * time.Millisecond
)

func (w *world) finish(e int) time.Time {
	if w.ends[e].state == "hung" {
		return w.now.Add(hangTime)
	}
	return w.now.Add(answerTime)
}

// tick lets 10 ms pass: answers come, batches of each signal are sent, probes run.
func (w *world) tick(n int) {
	w.now = w.now.Add(step)
	w.inFlight = slices.DeleteFunc(w.inFlight, func(f flight) bool { return w.answered(f) })
	w.probes = slices.DeleteFunc(w.probes, func(f flight) bool {
		if w.now.Before(f.end) {
			return false
		}
		w.s.probed(f.pick.endpoint, f.state == "up" || f.state == "refusing", f.pick.at, w.now)
		return true
	})
	for e := range w.ends {
		if w.s.health[e].down && n%int(probeEvery/step) == 0 {
			w.probes = append(w.probes, flight{pick: pick{endpoint: e, at: w.now}, end: w.finish(e), state: w.ends[e].state})
		}
	}
	for sig := range signalCount {
		p, _, ok := w.s.choose(sig, w.now)
		if !ok {
			continue
		}
		if end := w.ends[p.endpoint]; end.state == "hung" && end.known {
			w.t.Fatalf("a body was sent to endpoint %d, known to hang", p.endpoint)
		}
		w.inFlight = append(w.inFlight, flight{signal: sig, pick: p, end: w.finish(p.endpoint), state: w.ends[p.endpoint].state})
	}
}

func (w *world) answered(f flight) bool {
	if w.now.Before(f.end) {
		return false
	}
	e := f.pick.endpoint
	switch f.state {
	case "up":
		w.s.accepted(f.signal, f.pick, w.now)
	case "refusing":
		w.s.refuse(f.signal, f.pick, refusal{reason: throttled, chance: 0.5}, w.now)
	case "hung":
		w.s.lost(f.signal, f.pick, hung, w.now)
		if w.ends[e].state == "hung" && f.pick.at.After(w.ends[e].changed) {
			w.ends[e].known = true
		}
	default:
		w.s.lost(f.signal, f.pick, unreachable, w.now)
	}
	return true
}

// settleTime is how long the selector may need to follow the last change: the detection of a hang, the longest
// back-off or return time, and the answers.
const settleTime = hangTime + 3*time.Second + 2*probeEvery + 2*answerTime + 10*step + hangTime

func TestSelectorFollowsAnySchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 3).Draw(t, "endpoints")
		w := &world{t: t, s: newSelector(count, testTiming, epoch), now: epoch, ends: make([]endpointModel, count)}
		for e := range w.ends {
			w.ends[e].state = "up"
		}
		for n, changes := 0, rapid.IntRange(1, 12).Draw(t, "changes"); changes > 0; changes-- {
			e := rapid.IntRange(0, count-1).Draw(t, "endpoint")
			w.ends[e] = endpointModel{state: rapid.SampledFrom([]string{"up", "dead", "hung", "refusing"}).Draw(t, "state"), changed: w.now}
			for range rapid.IntRange(1, 300).Draw(t, "ticks") {
				n++
				w.tick(n)
			}
		}
		for n := range int(settleTime / step) {
			w.tick(n)
		}
		want := slices.IndexFunc(w.ends, func(e endpointModel) bool { return e.state == "up" })
		for sig := range signalCount {
			if got := w.s.signals[sig].active; got != want {
				t.Fatalf("%s uses endpoint %d, the first that works is %d (%s)", sig, got, want, fmt.Sprint(w.ends))
			}
		}
		w.steady(want)
	})
}

// steady checks that nothing switches while nothing changes.
func (w *world) steady(want int) {
	w.s.changes()
	for n := range 500 {
		w.tick(n)
	}
	if c := w.s.changes(); len(c) > 0 {
		w.t.Fatalf("switched without a reason: %v", c)
	}
	if want == none {
		return
	}
	if p, _, ok := w.s.choose(traces, w.now); !ok || p.endpoint != want && !p.trial {
		w.t.Fatalf("chose %d (%v), want %d", p.endpoint, ok, want)
	}
}

func TestStallWatch(t *testing.T) {
	var w stallWatch
	for ms := 0; ms <= 500; ms += 50 {
		w.tick(at(ms))
	}
	if w.since(at(0), at(510)) {
		t.Error("regular ticks count as a stall")
	}
	if !w.since(at(0), at(900)) {
		t.Error("an overdue tick does not count as a stall")
	}
	w.tick(at(1500))
	if !w.since(at(1000), at(1501)) || w.since(at(1500), at(1501)) {
		t.Error("a stall must count for what began before its end, and for nothing else")
	}
}
