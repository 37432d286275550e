package restart_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
)

// whole is a completed rollout of n pods.
func whole(n, away int) restart.Rollout {
	return restart.Rollout{Observed: true, Desired: n, Current: n, Updated: n, Available: n, Away: away}
}

func workload(kind string, change func(*restart.Workload)) restart.Workload {
	w := restart.Workload{Workload: fleet.Workload{Identity: fleet.Identity{Namespace: "shop", Kind: kind, Name: "web"}, State: fleet.Bare}, Rollout: whole(3, 1)}
	if change != nil {
		change(&w)
	}
	return w
}

// TestPlan is the decision table: which workloads are restarted, and which are left alone.
func TestPlan(t *testing.T) {
	for _, test := range []struct {
		name   string
		method restart.Method
		kind   string
		change func(*restart.Workload)
		intent restart.Intent
		reason restart.Reason
		text   string
	}{
		{name: "plain", intent: restart.Restart, text: "at most 1 of 3 pods"},
		{name: "StatefulSet", kind: "StatefulSet", intent: restart.Restart},
		{name: "opted out", change: func(w *restart.Workload) { w.OptedOut = true }, intent: restart.Leave, reason: restart.OptedOut, text: "telepod.dev/repair"},
		{name: "refused", change: func(w *restart.Workload) { w.State = fleet.Refused }, intent: restart.Leave, reason: restart.PodsRefused},
		{name: "injected offline", change: func(w *restart.Workload) { w.Template.Injected = true }, intent: restart.Leave, reason: restart.Offline},
		{name: "bare pod", kind: "Pod", change: func(w *restart.Workload) { w.Repair.Note = "apply it again" }, intent: restart.Leave, reason: restart.NoRollout, text: "apply it again"},
		{name: "Argo Rollout", kind: "Rollout", change: func(w *restart.Workload) { w.Repair.Command = "kubectl argo" }, intent: restart.Leave, reason: restart.NoRollout, text: "kubectl argo"},
		{name: "OnDelete", kind: "StatefulSet", change: func(w *restart.Workload) { w.Template.OnDelete = true }, intent: restart.Leave, reason: restart.OnDelete},
		{name: "paused", change: func(w *restart.Workload) { w.Template.Paused = true }, intent: restart.Leave, reason: restart.Paused, text: "rollout resume"},
		{name: "partition", kind: "StatefulSet", change: func(w *restart.Workload) { w.Rollout.Partitioned = true }, intent: restart.Leave, reason: restart.Partitioned},
		{name: "rollout under way", change: func(w *restart.Workload) { w.Rollout.Updated = 1 }, intent: restart.Watch, text: "1 of 3"},
		{name: "old pods are left", change: func(w *restart.Workload) { w.Rollout.Current = 4 }, intent: restart.Watch},
		{name: "not seen by its controller", change: func(w *restart.Workload) { w.Rollout.Observed = false }, intent: restart.Watch},
		{name: "own restart under way", change: func(w *restart.Workload) { w.Marked, w.Rollout.Available = true, 2 }, intent: restart.Watch, text: "earlier restart"},
		{name: "unavailable before", change: func(w *restart.Workload) { w.Rollout.Available = 2 }, intent: restart.Leave, reason: restart.NotWhole, text: "2 of 3"},
		{name: "budget that never allows it", change: func(w *restart.Workload) {
			w.Budgets = []restart.Budget{{Name: "all", Observed: true, Healthy: 3, Expected: 3, Needed: 3}}
		}, intent: restart.Leave, reason: restart.BudgetBlocked, text: "PodDisruptionBudget all needs 3 of 3 pods"},
		{name: "the same budget, with surge", change: func(w *restart.Workload) {
			w.Rollout.Away = 0
			w.Budgets = []restart.Budget{{Name: "all", Observed: true, Healthy: 3, Expected: 3, Needed: 3}}
		}, intent: restart.Restart},
		{name: "budget that blocks now", change: func(w *restart.Workload) {
			w.Budgets = []restart.Budget{{Name: "most", Observed: true, Healthy: 2, Expected: 3, Needed: 2}}
		}, intent: restart.Restart},
		{name: "evict", method: restart.ByEviction, intent: restart.Restart, text: "one pod at a time"},
		{name: "evict the only pod", method: restart.ByEviction, change: func(w *restart.Workload) { w.Rollout = whole(1, 0) }, intent: restart.Leave, reason: restart.SinglePod},
		{name: "evict a DaemonSet's only pod", method: restart.ByEviction, kind: "DaemonSet", change: func(w *restart.Workload) { w.Rollout = whole(1, 1) }, intent: restart.Restart},
		{name: "evict in a rollout", method: restart.ByEviction, change: func(w *restart.Workload) { w.Rollout.Updated = 1 }, intent: restart.Leave, reason: restart.NotWhole},
		{name: "evict against a budget", method: restart.ByEviction, change: func(w *restart.Workload) {
			w.Rollout.Away = 0
			w.Budgets = []restart.Budget{{Name: "all", Observed: true, Healthy: 3, Expected: 3, Needed: 3}}
		}, intent: restart.Leave, reason: restart.BudgetBlocked},
		{name: "evict a pinned pod", method: restart.ByEviction, change: func(w *restart.Workload) {
			w.Running = []restart.Pod{{Finding: fleet.Finding{Name: "web-0", State: fleet.Bare}, Pinned: true}}
		}, intent: restart.Leave, reason: restart.PodsPinned},
	} {
		t.Run(test.name, func(t *testing.T) {
			kind, method := "Deployment", restart.ByRollout
			if test.kind != "" {
				kind = test.kind
			}
			if test.method != "" {
				method = test.method
			}
			got := restart.Plan([]restart.Workload{workload(kind, test.change)}, method)[0]
			if got.Intent != test.intent || got.Reason != test.reason || !strings.Contains(got.Text, test.text) {
				t.Errorf("%s %q %q, want %s %q with %q", got.Intent, got.Reason, got.Text, test.intent, test.reason, test.text)
			}
		})
	}
}

func TestYoung(t *testing.T) {
	w := workload("Deployment", func(w *restart.Workload) {
		w.Running = []restart.Pod{{Finding: fleet.Finding{State: fleet.Current, Created: start}}, {Finding: fleet.Finding{State: fleet.Bare, Created: start.Add(-time.Hour)}}}
	})
	if restart.Young(w, start, 10*time.Minute) {
		t.Error("young, although its out-of-date pod is an hour old")
	}
	if !restart.Young(w, start, 2*time.Hour) {
		t.Error("not young, although its out-of-date pod is only an hour old")
	}
}

// TestReasons: each has a sentence, once.
func TestReasons(t *testing.T) {
	seen := []restart.Reason{}
	for _, m := range restart.Reasons() {
		if m.Text == "" || m.Reason.Text() != m.Text || slices.Contains(seen, m.Reason) {
			t.Errorf("%+v", m)
		}
		seen = append(seen, m.Reason)
	}
}
