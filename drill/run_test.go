package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func aPlan(method Method) Plan {
	return Plan{
		ID: "d1", Method: method, Baseline: 5 * time.Second, Duration: 20 * time.Second, GiveUp: 10 * time.Second,
		ReturnWithin: time.Minute, Settle: time.Minute, Interval: 200 * time.Millisecond, Rate: 10,
		Limits: Limits{FailOver: 5 * time.Second, Return: 5 * time.Second},
	}
}

func TestRun(t *testing.T) {
	whole := []string{"healthy", "ready", "acquire", "healthy", "ready", "fail", "hold", "restore", "ready", "release"}
	for name, c := range map[string]struct {
		method  Method
		change  func(*world)
		verdict Verdict // "" means no report
		message string  // a part of the error, or of the problems
		calls   []string
	}{
		"a good drill":                                         {method: Kill, verdict: Passed, calls: whole},
		"a canary is lost":                                     {method: Kill, change: func(w *world) { w.losesOne = true }, verdict: Failed, calls: whole},
		"only watch":                                           {method: Observe, verdict: Passed},
		"the backup is unhealthy":                              {method: Scale, change: func(w *world) { w.unhealthy = errors.New("no Collector is ready") }, message: "no Collector is ready", calls: []string{"healthy"}},
		"the primary is not ready":                             {method: Scale, change: func(w *world) { w.notReady = true }, message: "the primary is not ready, so nothing was done: 0 of 1 pods ready", calls: []string{"healthy", "ready"}},
		"primary and backup are swapped":                       {method: Scale, change: func(w *world) { w.swapped = true }, message: "nothing was done: it is not the primary"},
		"the API server hangs while the primary is down":       {method: Kill, change: func(w *world) { w.hangs = "hold" }, verdict: Failed, message: "did not move over to the backup within 10s", calls: whole},
		"the API server hangs at the first attempt to restore": {method: Kill, change: func(w *world) { w.hangs = "restore" }, verdict: Passed, calls: whole},
		"another drill":                                        {method: Scale, change: func(w *world) { w.held = errors.New("drill d0 is under way") }, message: "d0 is under way", calls: []string{"healthy", "ready", "acquire"}},
		"the primary is not in use": {
			method: Scale, change: func(w *world) { w.turn(false) }, message: "do not send to the primary",
			calls: []string{"healthy", "ready", "acquire", "release"},
		},
		"no region moves over": {
			method: Partition, change: func(w *world) { w.moves = false }, verdict: Failed, message: "did not move over to the backup within 10s",
			calls: whole,
		},
		"failing fails": {
			method: Scale, change: func(w *world) { w.failErr = errors.New("forbidden") }, verdict: Failed, message: "fail the primary: forbidden",
			calls: []string{"healthy", "ready", "acquire", "healthy", "ready", "fail", "restore", "release"},
		},
		"something scales it back": {
			method: Scale, change: func(w *world) { w.holdErr = errors.New("scaled to 2") }, verdict: Failed, message: "keep the primary failed: scaled to 2",
			calls: []string{"healthy", "ready", "acquire", "healthy", "ready", "fail", "hold", "restore", "release"},
		},
		"it is restored at the third attempt": {method: Scale, change: func(w *world) { w.conflicts = 2 }, verdict: Passed, calls: whole},
		"it cannot be restored": {
			method: Scale, change: func(w *world) { w.restoring = errors.New("gone") }, verdict: Failed, message: "run telepod drill restore with",
			calls: []string{"healthy", "ready", "acquire", "healthy", "ready", "fail", "hold", "restore"}, // the guard stays
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				if c.change != nil {
					c.change(w)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				report, err := Run(ctx, w.estate(), aPlan(c.method), func(Event) {})
				problems := fmt.Sprint(err)
				if report != nil {
					problems += strings.Join(report.Problems, "\n")
				}
				if (report == nil) != (c.verdict == "") || report != nil && report.Verdict != c.verdict {
					t.Errorf("report %+v, error %v; want the verdict %q", report, err, c.verdict)
				}
				if !strings.Contains(problems, c.message) {
					t.Errorf("got %q, want it to contain %q", problems, c.message)
				}
				if failed := report != nil && err != nil; failed && !report.Restored.IsZero() {
					t.Errorf("the report has the primary restored at %v", report.Restored)
				}
				if !slices.Equal(w.calls, c.calls) {
					t.Errorf("calls %v, want %v", w.calls, c.calls)
				}
			})
		})
	}
}

// TestRunMeasures checks measured times to the interval.
func TestRunMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.losesOne = true
		report, err := Run(t.Context(), w.estate(), aPlan(Scale), func(Event) {})
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]Seconds{"fail over": report.Times.FailOver, "return": report.Times.Return} {
			if !got.Measured || got.Duration < time.Second-200*time.Millisecond || got.Duration > time.Second+400*time.Millisecond {
				t.Errorf("time to %s is %v, want 1 s", name, got)
			}
		}
		if report.Times.Notice.Duration > 400*time.Millisecond {
			t.Errorf("noticed after %v, want 400ms or less", report.Times.Notice)
		}
		count := report.Canaries
		if count.Lost != 2 || count.Accepted != count.Sent || count.Stored != count.Sent-2 || count.Duplicated != 0 {
			t.Errorf("canaries %+v, want the first two lost and nothing else", count)
		}
		if len(report.Regions) != 2 || len(report.Regions[0].Collectors) != 2 || report.Regions[1].Collectors[1].Using != Primary {
			t.Errorf("regions %+v, want two of two Collectors on the primary", report.Regions)
		}
	})
}

// TestInterrupt interrupts the drill (41.4 s) at every stage: a failed primary is always restored.
func TestInterrupt(t *testing.T) {
	for after := time.Second; after < 41*time.Second; after += 1300 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			w := newWorld()
			report, err := Run(ctx, w.estate(), aPlan(Scale), func(Event) {})
			failed, restored := slices.Index(w.calls, "fail"), slices.Index(w.calls, "restore")
			if failed >= 0 && (restored < failed || !w.up) || !slices.Contains(w.calls, "release") {
				t.Errorf("interrupted after %v: calls %v", after, w.calls)
			}
			if failed < 0 && (err == nil || report != nil) || failed >= 0 && (report == nil || report.Verdict != Failed) {
				t.Errorf("interrupted after %v: report %v, error %v", after, report, err)
			}
		})
	}
}

// TestSilentCollector: a Collector that does not answer does not delay others, and is reported once.
func TestSilentCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		target := w.estate()
		target.Regions[1] = mute{region{w, "us"}}
		var events []string
		report, err := Run(t.Context(), target, aPlan(Observe), func(e Event) { events = append(events, e.Text) })
		if err != nil || report.Verdict != Failed {
			t.Fatalf("report %+v, error %v, want one that failed", report, err)
		}
		silent := 0
		for _, text := range events {
			if strings.Contains(text, "us/a is not responding: context deadline exceeded") {
				silent++
			}
		}
		if silent != 1 || report.Regions[0].Collectors[0].Using != Primary {
			t.Errorf("%d events about us/a: %v", silent, events)
		}
	})
}

type mute struct{ region }

func (m mute) Sample(ctx context.Context, _ string) (Sample, error) {
	<-ctx.Done()
	return Sample{}, ctx.Err()
}
