package restart_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// model is a workload with one pod replaced per pause, and a clock that advances with each pause.
type model struct {
	now      time.Time
	pods     []restart.Pod
	updated  int // pods of the current template
	made     int
	budgets  []restart.Budget
	rolling  bool
	begun    int
	evicted  int
	undone   int
	finished int
	optedOut bool
	gone     bool
	tried    bool
	store    *memory
	conflict int // rollbacks that are refused for now

	// fresh is the state of new pods, unready keeps them unavailable, and failed is the controller's message.
	fresh   fleet.State
	unready bool
	failed  string
	trial   restart.Trial
	refuse  int // acts that are refused for now
	each    func(*model)
}

func newModel(n int) *model {
	m := &model{now: start, fresh: fleet.Current, trial: restart.Trial{Finding: fleet.Finding{State: fleet.Current}}}
	for range n {
		m.pods = append(m.pods, m.pod(fleet.Bare))
	}
	m.updated = n
	return m
}

func (m *model) pod(state fleet.State) restart.Pod {
	m.made++
	return restart.Pod{Finding: fleet.Finding{Name: fmt.Sprintf("web-%d", m.made), State: state, Why: "as the test wants it"}, UID: fmt.Sprint(m.made), Ready: true}
}

func (m *model) Observe(context.Context, fleet.Identity) (restart.Observation, error) {
	if m.each != nil {
		m.each(m)
	}
	s := restart.Observation{Rollout: whole(len(m.pods), 1), Budgets: m.budgets, Pods: append([]restart.Pod{}, m.pods...)}
	if m.gone {
		return restart.Observation{Gone: true}, nil
	}
	s.OptedOut = m.optedOut
	s.Rollout.Updated, s.Rollout.Failed = m.updated, m.failed
	s.Rollout.Available = 0
	for _, pod := range m.pods {
		if pod.Ready {
			s.Rollout.Available++
		}
	}
	return s, nil
}

func (m *model) Try(context.Context, fleet.Identity) (restart.Trial, error) {
	m.tried = true
	return m.trial, nil
}

func (m *model) refused() error {
	if m.refuse != 0 {
		m.refuse--
		return fmt.Errorf("%w: refused", restart.ErrNotNow)
	}
	return nil
}

func (m *model) Begin(context.Context, fleet.Identity) error {
	if err := m.refused(); err != nil {
		return err
	}
	m.begun++
	m.rolling, m.updated = true, 0
	return nil
}

func (m *model) Evict(_ context.Context, _ fleet.Identity, victim restart.Pod) error {
	if err := m.refused(); err != nil {
		return err
	}
	m.evicted++
	for i, pod := range m.pods {
		if pod.UID == victim.UID {
			m.pods[i] = m.replacement()
		}
	}
	return nil
}

func (m *model) replacement() restart.Pod {
	pod := m.pod(m.fresh)
	if m.unready {
		pod.Ready, pod.Trouble = false, "pod "+pod.Name+" is not ready: \x1b[2J"
	}
	return pod
}

func (m *model) Finish(context.Context, fleet.Identity) error { m.finished++; return nil }

func (m *model) Undo(context.Context, fleet.Identity) (bool, error) {
	if m.conflict != 0 {
		m.conflict--
		return false, fmt.Errorf("%w: another client changed it", restart.ErrNotNow)
	}
	m.undone++
	m.rolling, m.updated, m.failed = false, len(m.pods), ""
	for i := range m.pods {
		m.pods[i].Ready = true
	}
	return true, nil
}

// pause advances the clock by a second; a rollout then replaces a pod if the last one is ready.
func (m *model) pause(context.Context) error {
	m.now = m.now.Add(time.Second)
	if m.rolling && m.updated < len(m.pods) && (m.updated == 0 || m.pods[m.updated-1].Ready) {
		m.pods[m.updated] = m.replacement()
		m.updated++
	}
	return nil
}

func (m *model) run(method restart.Method, intent restart.Intent, rollback bool) (events []string, err error) {
	r := restart.Runner{Cluster: m, Method: method, Limits: restart.Limits{Budget: time.Minute, Progress: 2 * time.Minute}, Rollback: rollback,
		Report: func(e restart.Event) { events = append(events, string(e.Reason)+" "+e.Text) },
		Now:    func() time.Time { return m.now }, Pause: m.pause}
	step := restart.Step{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}, Intent: intent}
	return events, r.Run(context.Background(), []restart.Step{step}, 1)
}

// TestCourse runs every possible course of a restart, and counts the replaced pods.
func TestCourse(t *testing.T) {
	blocks := []restart.Budget{{Name: "b", Observed: true, Healthy: 2, Expected: 3, Needed: 2}}
	for _, test := range []struct {
		name     string
		method   restart.Method
		watch    bool
		rollback bool
		change   func(*model)
		reason   restart.Reason // of the failure
		text     string
		begun    int
		evicted  int
		after    time.Duration // at least
	}{
		{name: "rollout", begun: 1},
		{name: "injector is ill", change: func(m *model) { m.trial.State = fleet.Bare }, reason: restart.InjectorIll, text: "trial pod is bare"},
		{name: "injector has other profiles", change: func(m *model) { m.trial.State = fleet.Stale }, reason: restart.InjectorIll, text: "trial pod is stale"},
		{name: "pods are not admitted", change: func(m *model) { m.trial.Err = errors.New("exceeded quota") }, reason: restart.InjectorIll, text: "exceeded quota"},
		{name: "comes back bare", change: func(m *model) { m.fresh = fleet.Bare }, reason: restart.CameBackBare, text: "new pod web-4 is bare", begun: 1},
		{name: "comes back stale", change: func(m *model) { m.fresh = fleet.Stale }, reason: restart.CameBackBare, begun: 1},
		{name: "controller gives up", change: func(m *model) {
			m.unready = true
			m.each = func(m *model) {
				if m.now.Sub(start) > 5*time.Second {
					m.failed = "deadline exceeded"
				}
			}
		}, reason: restart.RolloutFailed, text: "deadline exceeded: \"pod web-4 is not ready", begun: 1},
		{name: "no progress", change: func(m *model) { m.unready = true }, reason: restart.RolloutFailed, text: "no progress for 2m0s: \"pod web-4", begun: 1, after: 2 * time.Minute},
		{name: "rolled back", rollback: true, change: func(m *model) { m.unready = true }, reason: restart.RolloutFailed, begun: 1},
		{name: "rolled back after conflicts", rollback: true, change: func(m *model) { m.unready, m.conflict = true, 3 }, reason: restart.RolloutFailed, begun: 1, after: 2*time.Minute + 3*time.Second},
		{name: "opted out before", change: func(m *model) { m.optedOut = true }},
		{name: "opted out, and a rollout under way fails", watch: true, change: func(m *model) { m.optedOut, m.failed = true, "gave up" }, reason: restart.RolloutFailed, text: "gave up"},
		{name: "no longer injected", change: func(m *model) {
			m.pods[0].State, m.pods[1].State, m.pods[2].State = fleet.Outside, fleet.Outside, fleet.Outside
		}},
		{name: "budget blocks", change: func(m *model) { m.budgets = blocks }, reason: restart.BudgetBlocked, text: "PodDisruptionBudget b needs 2 of 3 pods and has 2 healthy, for 1m0s", after: time.Minute},
		{name: "budget of old settings", change: func(m *model) { m.budgets = []restart.Budget{{Allowed: 3, Healthy: 3}} }, reason: restart.BudgetBlocked},
		{name: "budget blocks for a while", change: func(m *model) {
			m.budgets = blocks
			m.each = func(m *model) {
				if m.now.Sub(start) > 30*time.Second {
					m.budgets = nil
				}
			}
		}, begun: 1, after: 30 * time.Second},
		{name: "changed by others meanwhile", change: func(m *model) { m.refuse = 2 }, begun: 1},
		{name: "up to date meanwhile", change: func(m *model) {
			m.pods[0].State, m.pods[1].State, m.pods[2].State = fleet.Current, fleet.Current, fleet.Current
		}},
		{name: "resumed", watch: true, change: func(m *model) { m.rolling, m.updated = true, 0 }},
		{name: "resumed, then restarted", watch: true, begun: 1},
		{name: "resumed, and failed", watch: true, change: func(m *model) { m.failed = "gave up" }, reason: restart.RolloutFailed, text: "gave up"},
		{name: "eviction", method: restart.ByEviction, evicted: 3},
		{name: "eviction of some", method: restart.ByEviction, change: func(m *model) { m.pods[1].State = fleet.Current }, evicted: 2},
		{name: "eviction, injector is ill", method: restart.ByEviction, change: func(m *model) { m.trial.State = fleet.Bare }, reason: restart.InjectorIll},
		{name: "eviction, comes back bare", method: restart.ByEviction, change: func(m *model) { m.fresh = fleet.Bare }, reason: restart.CameBackBare, evicted: 1},
		{name: "eviction, never ready", method: restart.ByEviction, change: func(m *model) { m.unready = true }, reason: restart.RolloutFailed, evicted: 1, after: 2 * time.Minute},
		{name: "eviction, budget blocks", method: restart.ByEviction, change: func(m *model) { m.refuse = -1 }, reason: restart.BudgetBlocked, text: "not now: refused", after: time.Minute},
		{name: "eviction, budget blocks now", method: restart.ByEviction, change: func(m *model) { m.budgets = blocks }, reason: restart.BudgetBlocked, after: time.Minute},
		{name: "eviction, budget blocks twice", method: restart.ByEviction, change: func(m *model) { m.refuse = 2 }, evicted: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newModel(3)
			if test.change != nil {
				test.change(m)
			}
			method, intent := restart.ByRollout, restart.Restart
			if test.method != "" {
				method = test.method
			}
			if test.watch {
				intent = restart.Watch
			}
			events, err := m.run(method, intent, test.rollback)
			failure, failed := errors.AsType[*restart.Failure](err)
			if failed != (test.reason != "") || failed && failure.Reason != test.reason || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Fatalf("%v, want %q with %q\n%s", err, test.reason, test.text, strings.Join(events, "\n"))
			}
			if m.begun != test.begun || m.evicted != test.evicted || m.now.Sub(start) < test.after {
				t.Errorf("%d rollouts and %d evictions in %s, want %d and %d in %s or more\n%s", m.begun, m.evicted, m.now.Sub(start), test.begun, test.evicted, test.after, strings.Join(events, "\n"))
			}
			if wantUndo := test.rollback; (m.undone == 1) != wantUndo || (m.finished == 1) != (!failed && method == restart.ByRollout) {
				t.Errorf("undone %d, finished %d", m.undone, m.finished)
			}
			if failed && strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("not fit for a terminal: %q", err)
			}
		})
	}
}

// TestRollBackGivesUp: permanent conflicts are an error after the deadline for progress.
func TestRollBackGivesUp(t *testing.T) {
	m := newModel(3)
	m.unready, m.conflict = true, -1
	if _, err := m.run(restart.ByRollout, restart.Restart, true); err == nil || !strings.Contains(err.Error(), "roll back Deployment/web in namespace shop: not now: another client changed it") {
		t.Error(err)
	}
	if took := m.now.Sub(start); took < 4*time.Minute || took > 5*time.Minute {
		t.Errorf("gave up after %s", took)
	}
}

// TestInterrupted: the run ends immediately, and its error explains how to continue.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := newModel(3)
	r := restart.Runner{Cluster: m, Method: restart.ByRollout, Limits: restart.Limits{Budget: time.Minute, Progress: time.Minute},
		Report: func(restart.Event) {}, Now: func() time.Time { return m.now },
		Pause: func(ctx context.Context) error { cancel(); return ctx.Err() }}
	_, err := r.Workload(ctx, restart.Step{Intent: restart.Restart})
	if failure, ok := errors.AsType[*restart.Failure](err); !ok || failure.Reason != restart.Interrupted || m.begun != 1 || m.finished != 0 {
		t.Errorf("%v after %d rollouts", err, m.begun)
	}
}

// TestFirstFailureEndsTheRun: the first failure ends the run, in this namespace and in the others.
func TestFirstFailureEndsTheRun(t *testing.T) {
	m := newModel(2)
	m.trial.State = fleet.Bare
	var tried []string
	r := restart.Runner{Cluster: m, Method: restart.ByRollout, Limits: restart.Limits{Budget: time.Minute, Progress: time.Minute},
		Report: func(e restart.Event) { tried = append(tried, e.Name) }, Now: func() time.Time { return m.now }, Pause: m.pause}
	var steps []restart.Step
	for _, at := range []struct {
		namespace, name string
		intent          restart.Intent
	}{{"a", "left", restart.Leave}, {"a", "one", restart.Restart}, {"a", "two", restart.Restart}, {"b", "three", restart.Restart}} {
		steps = append(steps, restart.Step{Identity: fleet.Identity{Namespace: at.namespace, Name: at.name}, Intent: at.intent})
	}
	if err := r.Run(t.Context(), steps, 1); err == nil || strings.Join(tried, " ") != "one" {
		t.Errorf("%v after %q", err, tried)
	}
}
