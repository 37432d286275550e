package restart

import (
	"fmt"
	"time"

	"github.com/telepod/telepod/fleet"
)

// Method is how pods are replaced.
type Method string

// Methods.
const (
	ByRollout  Method = "rollout"
	ByEviction Method = "eviction"
)

// Intent is what to do with a workload.
type Intent string

// Intents.
const (
	// Restart replaces its pods.
	Restart Intent = "restart"
	// Watch waits for a rollout in progress, before anything else.
	Watch Intent = "watch"
	// Leave does nothing.
	Leave Intent = "leave alone"
)

// Step is a workload and what to do with it.
type Step struct {
	Workload Workload `json:"-"`
	fleet.Identity
	State  fleet.State `json:"state"`
	Intent Intent      `json:"intent"`
	// Reason is why it is left alone; empty otherwise.
	Reason Reason `json:"reason,omitempty"`
	// Text describes what happens, or what a person can do instead.
	Text string `json:"text"`
}

// Plan decides for each workload, in the given order.
func Plan(workloads []Workload, method Method) []Step {
	steps := []Step{}
	for _, w := range workloads {
		s := Step{Workload: w, Identity: w.Identity, State: w.State}
		s.Intent, s.Reason, s.Text = decide(w, method)
		steps = append(steps, s)
	}
	return steps
}

func decide(w Workload, method Method) (Intent, Reason, string) {
	if reason, text := hindrance(w); reason != "" {
		return Leave, reason, text
	}
	if method == ByEviction {
		return decideEviction(w)
	}
	r := w.Rollout
	switch {
	case w.Marked && !r.Settled():
		return Watch, "", "an earlier restart is under way: " + r.String()
	case r.Updating():
		return Watch, "", "a rollout is under way: " + r.String()
	case r.Available < r.Desired:
		return Leave, NotWhole, fmt.Sprintf("%d of %d pods are available: repair that first", r.Available, r.Desired)
	}
	if b, ok := forbidden(w.Budgets, r.Away); ok {
		return Leave, BudgetBlocked, fmt.Sprintf("%s, and a rollout makes %d unavailable at a time: change the budget, or set maxUnavailable to 0", b, r.Away)
	}
	return Restart, "", fmt.Sprintf("at most %d of %d pods unavailable at a time", r.Away, r.Desired)
}

// decideEviction is stricter: it runs unattended, and an eviction ends a pod before its replacement starts.
func decideEviction(w Workload) (Intent, Reason, string) {
	r := w.Rollout
	for _, pod := range w.Running {
		if pod.Pinned && pod.State.Problem() {
			return Leave, PodsPinned, "pod " + fleet.Printable(pod.Name) + " has an annotation that forbids its eviction: use 'telepod restart'"
		}
	}
	switch {
	case w.Kind != "DaemonSet" && r.Desired < 2:
		return Leave, SinglePod, "an eviction would leave no pod: use 'telepod restart', which starts the new pod first"
	case !r.Settled():
		return Leave, NotWhole, r.String() + ": repair that first"
	}
	if b, ok := forbidden(w.Budgets, 1); ok {
		return Leave, BudgetBlocked, b.String() + ", so no pod may be evicted: use 'telepod restart'"
	}
	return Restart, "", "one pod at a time"
}

// hindrance returns why a workload is left alone with either method.
func hindrance(w Workload) (Reason, string) {
	switch {
	case w.OptedOut:
		return OptedOut, "remove the annotation telepod.dev/repair from it or its namespace to have it restarted"
	case w.State == fleet.Refused:
		return PodsRefused, w.Repair.Note
	case w.Template.Injected:
		return Offline, w.Repair.Note
	case w.Kind != "Deployment" && w.Kind != "StatefulSet" && w.Kind != "DaemonSet":
		return NoRollout, manual(w.Repair)
	case w.Template.OnDelete:
		return OnDelete, "delete its pods one by one: each is injected, and uses the current template"
	case w.Template.Paused:
		return Paused, "kubectl -n " + w.Namespace + " rollout resume deployment/" + w.Name + " when it may roll out"
	case w.Rollout.Partitioned:
		return Partitioned, "its update strategy keeps pods below a partition: set the partition to 0 when they may roll out"
	}
	return "", ""
}

func manual(r fleet.Repair) string {
	switch {
	case r.Command == "":
		return r.Note
	case r.Note == "":
		return r.Command
	}
	return r.Command + ": " + r.Note
}

// Young reports whether an out-of-date pod is younger than an age: the cause that prevented its injection may still
// exist.
func Young(w Workload, now time.Time, age time.Duration) bool {
	for _, pod := range w.Running {
		if pod.State.Problem() && now.Sub(pod.Created) < age {
			return true
		}
	}
	return false
}
