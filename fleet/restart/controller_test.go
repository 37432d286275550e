package restart_test

import (
	"context"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
)

// memory is a store that outlives controllers.
type memory struct {
	reason restart.Reason
	stops  int
}

func (m *memory) Stopped(context.Context) (restart.Reason, string, error) { return m.reason, "", nil }

func (m *memory) Stop(_ context.Context, f restart.Failure) error {
	m.reason = f.Reason
	m.stops++
	return nil
}

// rounds runs a new controller for each round, as if its process had restarted in between.
func rounds(t *testing.T, m *model, store restart.Store, n int, settle time.Duration) (last restart.Round) {
	t.Helper()
	for range n {
		m.now = m.now.Add(time.Minute)
		c := restart.Controller{Store: store, Settle: settle,
			Runner: &restart.Runner{Cluster: m, Method: restart.ByEviction, Limits: restart.Limits{Budget: time.Minute, Progress: time.Minute},
				Report: func(restart.Event) {}, Now: func() time.Time { return m.now }, Pause: m.pause},
			Workloads: func(context.Context) ([]restart.Workload, error) {
				return []restart.Workload{
					workload("Job", nil), // left alone
					workload("Deployment", func(w *restart.Workload) { w.Rollout = whole(len(m.pods), 1) }),
				}, nil
			}}
		var err error
		if last, err = c.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

// TestRounds breaks one thing at a time: hundreds of rounds evict only a limited number of pods.
func TestRounds(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*model)
		evicted int
		stopped restart.Reason
		failed  restart.Reason
		left    restart.Reason
	}{
		{name: "healthy", evicted: 4},
		{name: "injector ill", change: func(m *model) { m.trial.State = fleet.Bare }, failed: restart.InjectorIll},
		{name: "trial pods are injected, real ones are not", change: func(m *model) { m.fresh = fleet.Bare }, evicted: 1, stopped: restart.CameBackBare},
		{name: "profiles differ", change: func(m *model) { m.fresh = fleet.Stale }, evicted: 1, stopped: restart.CameBackBare},
		{name: "replacements do not start", change: func(m *model) { m.unready = true }, evicted: 1, stopped: restart.RolloutFailed},
		{name: "budget", change: func(m *model) { m.refuse = -1 }, failed: restart.BudgetBlocked},
		{name: "opted out within the round", change: func(m *model) {
			m.each = func(m *model) { m.optedOut = m.evicted == 2 }
		}, evicted: 2, left: restart.OptedOut},
		{name: "namespace lost its label within the round", change: func(m *model) {
			m.each = func(m *model) {
				for i := range m.pods {
					if m.evicted == 2 && m.pods[i].State == fleet.Bare {
						m.pods[i].State = fleet.Outside
					}
				}
			}
		}, evicted: 2},
		{name: "replacement is bare, as its namespace lost its label", change: func(m *model) {
			m.fresh = fleet.Outside
			m.each = func(m *model) {
				for i := range m.pods {
					if m.evicted == 1 {
						m.pods[i].State = fleet.Outside
					}
				}
			}
		}, evicted: 1},
		{name: "stopped by a person within the round", change: func(m *model) {
			m.each = func(m *model) {
				if m.evicted == 2 {
					m.store.reason = restart.Interrupted
				}
			}
		}, evicted: 2, stopped: restart.Interrupted},
		{name: "stopped by a person between trial and eviction", change: func(m *model) {
			m.each = func(m *model) {
				if m.tried {
					m.store.reason = restart.Interrupted
				}
			}
		}, stopped: restart.Interrupted},
		{name: "deleted within the round", change: func(m *model) {
			m.each = func(m *model) { m.gone = m.evicted == 2 }
		}, evicted: 2, left: restart.Vanished},
		{name: "comes back bare later", change: func(m *model) {
			m.each = func(m *model) {
				if m.evicted == 2 {
					m.fresh = fleet.Bare
				}
			}
		}, evicted: 3, stopped: restart.CameBackBare},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, store := newModel(4), &memory{}
			m.store = store
			if test.change != nil {
				test.change(m)
			}
			last := rounds(t, m, store, 300, 0)
			if m.evicted != test.evicted || store.reason != test.stopped || last.Stopped != test.stopped || store.stops > 1 {
				t.Errorf("%d evictions, stopped %d times for %q, want %d and %q", m.evicted, store.stops, store.reason, test.evicted, test.stopped)
			}
			if test.failed != "" && last.Failed[test.failed] != 1 {
				t.Errorf("the last round failed by %v, want %s", last.Failed, test.failed)
			}
			if test.left != "" && last.Left[test.left] != 1 {
				t.Errorf("left alone by the last round: %v, want %s", last.Left, test.left)
			}
			if test.stopped == "" && test.failed != restart.InjectorIll && last.Left[restart.NoRollout] != 1 {
				t.Errorf("left alone: %v", last.Left)
			}
		})
	}
}

// TestLeftWithinRound: a workload that opts out while it is repaired is left alone, and counts as neither repaired nor failed.
func TestLeftWithinRound(t *testing.T) {
	for name, change := range map[string]func(*model){
		"annotation": func(m *model) { m.optedOut = m.evicted == 1 },
		"label": func(m *model) {
			for i := range m.pods {
				if m.evicted == 1 {
					m.pods[i].State = fleet.Outside
				}
			}
		},
	} {
		m := newModel(3)
		m.each = change
		last := rounds(t, m, &memory{}, 1, 0)
		if m.evicted != 1 || last.Left[restart.OptedOut] != 1 || last.Repaired != 0 || len(last.Failed) != 0 || last.Stopped != "" || !last.Asked {
			t.Errorf("%s: %d evictions, %+v", name, m.evicted, last)
		}
	}
}

// TestSettle: pods that were created a moment ago are left alone until they are old enough.
func TestSettle(t *testing.T) {
	m := newModel(3)
	for i := range m.pods {
		m.pods[i].Created = start
	}
	if last := rounds(t, m, &memory{}, 9, 10*time.Minute); m.evicted != 0 || last.Left[restart.TooYoung] != 1 {
		t.Errorf("%d evictions, left alone: %v", m.evicted, last.Left)
	}
	if rounds(t, m, &memory{}, 2, 10*time.Minute); m.evicted != 3 {
		t.Errorf("%d evictions, want 3", m.evicted)
	}
}
