package restart

import (
	"fmt"

	"github.com/telepod/telepod/fleet"
)

// Annotations that a restart sets on a workload.
const (
	// RestartedAnnotation is that of 'kubectl rollout restart', on the pod template.
	RestartedAnnotation = "kubectl.kubernetes.io/restartedAt"
	// MarkAnnotation is on the workload until its restart succeeds; a [Mark] as JSON.
	MarkAnnotation = "telepod.dev/restarting"
)

// Mark is the information needed to undo a restart.
type Mark struct {
	// At is the value of RestartedAnnotation that the restart set.
	At string `json:"at"`
	// Before is the previous value; nil if it had none.
	Before *string `json:"before,omitempty"`
}

// Workload is a workload as read from the API server.
type Workload struct {
	fleet.Workload
	UID      string
	Template fleet.Template
	// OptedOut: an annotation on it, on its pod template or on its namespace forbids repair.
	OptedOut bool
	Rollout  Rollout
	Budgets  []Budget
	// Marked: the workload has the annotation of an earlier restart, which has therefore not succeeded.
	Marked bool
	// Running are its pods; only read for evictions.
	Running []Pod
}

// Rollout is the progress of a workload's rollout.
type Rollout struct {
	// Observed: the controller has seen the current pod template.
	Observed bool
	// Numbers of pods: desired, existing, with the current template, and available.
	Desired, Current, Updated, Available int
	// Failed is the controller's message if it has given up; empty otherwise.
	Failed string
	// Partitioned: pods below a partition keep the old template.
	Partitioned bool
	// Away is how many pods the strategy may make unavailable at the same time.
	Away int
}

// Updating reports whether pods of an older template remain, or new ones are missing.
func (r Rollout) Updating() bool {
	return !r.Observed || r.Updated < r.Desired || r.Current != r.Desired
}

// Settled reports whether the rollout is complete and every pod available.
func (r Rollout) Settled() bool { return !r.Updating() && r.Available >= r.Desired }

func (r Rollout) String() string {
	return fmt.Sprintf("%d of %d pods have the current template, %d are available", r.Updated, r.Desired, r.Available)
}

// Budget is a PodDisruptionBudget that selects a workload's pods.
type Budget struct {
	Name string
	// Observed: its status reflects its current settings.
	Observed bool
	// Allowed is the number of disruptions allowed now. Healthy of Expected pods are healthy; Needed have to be.
	Allowed, Healthy, Expected, Needed int
}

// never reports whether the budget forbids that many unavailable pods even if all others are healthy.
func (b Budget) never(away int) bool {
	return b.Observed && b.Expected > 0 && b.Expected-b.Needed < away
}

// blocks reports whether the budget forbids it now.
func (b Budget) blocks(away int) bool {
	return !b.Observed || b.Healthy < b.Needed || b.Allowed < away
}

func (b Budget) String() string {
	return fmt.Sprintf("PodDisruptionBudget %s needs %d of %d pods and has %d healthy", b.Name, b.Needed, b.Expected, b.Healthy)
}

// blocked returns the first budget that does not allow so many evictions now.
func blocked(budgets []Budget, away int) (Budget, bool) {
	for _, b := range budgets {
		if b.blocks(away) {
			return b, true
		}
	}
	return Budget{}, false
}

// forbidden returns the first budget that never allows so many evictions.
func forbidden(budgets []Budget, away int) (Budget, bool) {
	for _, b := range budgets {
		if b.never(away) {
			return b, true
		}
	}
	return Budget{}, false
}

// away returns how many pods an act makes unavailable at the same time.
func away(method Method, r Rollout) int {
	if method == ByEviction {
		return 1
	}
	return r.Away
}

// Pod is a running pod of a workload.
type Pod struct {
	fleet.Finding
	UID   string
	Ready bool
	// Trouble is why it is not ready.
	Trouble string
	// Pinned: an annotation forbids its eviction.
	Pinned bool
}
