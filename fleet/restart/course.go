package restart

import (
	"fmt"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
)

// Act is the next action.
type Act string

// Acts.
const (
	// Try creates a pod as a dry run; Tried gets the result.
	Try Act = "try"
	// Wait observes again later.
	Wait Act = "wait"
	// Begin starts a rollout.
	Begin Act = "begin"
	// Evict evicts the pod that the move names.
	Evict Act = "evict"
	// Done: every pod is up to date.
	Done Act = "done"
	// Stop: the move has the reason.
	Stop Act = "stop"
)

// Move is the next action for a workload.
type Move struct {
	Act    Act
	Pod    Pod // to evict
	Reason Reason
	Text   string
}

// Limits are the timeouts of a course.
type Limits struct {
	// Budget is how long PodDisruptionBudgets, or unavailable pods, may delay it.
	Budget time.Duration
	// Progress is how long a rollout may go without another available pod.
	Progress time.Duration
}

// Observation is the state of a workload at one moment.
type Observation struct {
	// Gone: the workload no longer exists.
	Gone bool
	// OptedOut: an annotation on it, on its pod template or on its namespace forbids repair.
	OptedOut bool
	Rollout  Rollout
	Budgets  []Budget
	Pods     []Pod
}

// Trial is the result of creating a pod as a dry run.
type Trial struct {
	fleet.Finding
	// Err is why the API server did not create it.
	Err error
}

// Course is the restart of one workload, as a state machine: wait until nothing forbids it, try a pod, act, and watch
// until the new pods are available and up to date.
type Course struct {
	method Method
	limits Limits

	rolling bool
	since   time.Time // when it started to wait, or last made progress
	best    int       // the most progress so far
	tried   *Trial
	// refused is the API server's message when it refused the last act for now.
	refused string
	// old are the UIDs of the pods before the last act; nil if an earlier run acted.
	old map[string]bool
	// last is the UID of the pod that was evicted last.
	last string
	acts int
}

// Start begins a course. A course that only watches starts after the act of an earlier run.
func Start(method Method, limits Limits, watch bool, now time.Time) *Course {
	return &Course{method: method, limits: limits, rolling: watch, since: now}
}

// Tried records the result of a trial.
func (c *Course) Tried(t Trial) { c.tried = &t }

// Refused records that the API server refused the last move for now: because of a disruption budget, or because
// the workload was changed in the meantime.
func (c *Course) Refused(text string) { c.refused = text }

// Acted records that the last move was carried out. seen is the observation that led to it.
func (c *Course) Acted(seen Observation, evicted string, now time.Time) {
	c.rolling, c.since, c.best, c.tried, c.last = true, now, 0, nil, evicted
	c.acts++
	c.old = map[string]bool{}
	for _, pod := range seen.Pods {
		c.old[pod.UID] = true
	}
}

// Acts returns how often the course has replaced pods.
func (c *Course) Acts() int { return c.acts }

// Next decides from the current observation.
func (c *Course) Next(now time.Time, seen Observation) Move {
	switch {
	case seen.Gone:
		return Move{Act: Done, Reason: Vanished, Text: "it was deleted meanwhile"}
	case c.rolling:
		return c.watch(now, seen)
	}
	return c.prepare(now, seen)
}

// prepare decides before an act.
func (c *Course) prepare(now time.Time, seen Observation) Move {
	victims := outdated(seen.Pods)
	if len(victims) == 0 {
		return nothingLeft(seen.Pods, "every pod is up to date already")
	}
	if seen.OptedOut {
		return Move{Act: Done, Reason: OptedOut, Text: "left alone: the annotation telepod.dev/repair was set to \"false\" meanwhile"}
	}
	if text, waits := c.obstacle(seen); waits {
		c.tried, c.refused = nil, ""
		if now.Sub(c.since) >= c.limits.Budget {
			return Move{Act: Stop, Reason: BudgetBlocked, Text: fmt.Sprintf("%s, for %s", text, c.limits.Budget)}
		}
		return Move{Act: Wait, Text: text}
	}
	switch {
	case c.tried == nil:
		return Move{Act: Try}
	case c.tried.Err != nil:
		return Move{Act: Stop, Reason: InjectorIll, Text: fmt.Sprintf("a trial pod was not created: %v", c.tried.Err)}
	case c.tried.State != fleet.Current:
		return Move{Act: Stop, Reason: InjectorIll, Text: fmt.Sprintf("a trial pod is %s: %s", c.tried.State, c.tried.Why)}
	case c.method == ByEviction:
		return Move{Act: Evict, Pod: victims[0], Reason: Evicted, Text: fmt.Sprintf("pod %s: %s", fleet.Printable(victims[0].Name), victims[0].Why)}
	}
	return Move{Act: Begin, Reason: Restarted, Text: fmt.Sprintf("%d of %d pods are out of date", len(victims), len(seen.Pods))}
}

// obstacle returns a temporary reason that forbids an act. For evictions, the API server checks budgets again.
func (c *Course) obstacle(seen Observation) (string, bool) {
	switch {
	case !seen.Rollout.Settled():
		return seen.Rollout.String(), true
	case c.refused != "":
		return c.refused, true
	}
	b, ok := blocked(seen.Budgets, away(c.method, seen.Rollout))
	return b.String(), ok
}

// watch decides after an act.
func (c *Course) watch(now time.Time, seen Observation) Move {
	if c.old != nil {
		for _, pod := range outdated(seen.Pods) {
			if !c.old[pod.UID] {
				return Move{Act: Stop, Reason: CameBackBare, Text: fmt.Sprintf("new pod %s is %s: %s", fleet.Printable(pod.Name), pod.State, pod.Why)}
			}
		}
	}
	if seen.Rollout.Failed != "" {
		return Move{Act: Stop, Reason: RolloutFailed, Text: fleet.Printable(seen.Rollout.Failed) + troubles(seen.Pods)}
	}
	if c.finished(seen) {
		return c.verify(now, seen)
	}
	if progress := seen.Rollout.Updated + ready(seen.Pods); seen.Rollout.Observed && progress > c.best {
		c.best, c.since = progress, now
	}
	if now.Sub(c.since) >= c.limits.Progress {
		return Move{Act: Stop, Reason: RolloutFailed, Text: fmt.Sprintf("%s, no progress for %s%s", seen.Rollout, c.limits.Progress, troubles(seen.Pods))}
	}
	return Move{Act: Wait, Text: seen.Rollout.String()}
}

// finished reports whether the effect of the last act is complete. An eviction changes nothing that the workload's
// controller has to observe, so only the pods can show it.
func (c *Course) finished(seen Observation) bool {
	if !seen.Rollout.Settled() || len(seen.Pods) < seen.Rollout.Desired {
		return false
	}
	for _, pod := range seen.Pods {
		if pod.UID == c.last || c.last != "" && !pod.Ready {
			return false
		}
	}
	return true
}

// verify checks the pods after a rollout.
func (c *Course) verify(now time.Time, seen Observation) Move {
	victims := outdated(seen.Pods)
	switch {
	case len(victims) == 0:
		return nothingLeft(seen.Pods, fmt.Sprintf("%d pods are up to date", len(seen.Pods)))
	case c.old != nil && c.method == ByRollout:
		return Move{Act: Stop, Reason: CameBackBare, Text: fmt.Sprintf("%d of %d pods are still out of date: %s", len(victims), len(seen.Pods), victims[0].Why)}
	}
	c.rolling, c.since = false, now
	return c.prepare(now, seen)
}

// nothingLeft ends a course if no pod is out of date: either they are up to date, or they should no longer be injected,
// for example because the label of their namespace was removed.
func nothingLeft(pods []Pod, text string) Move {
	for _, pod := range pods {
		if pod.State == fleet.Outside {
			return Move{Act: Done, Reason: OptedOut, Text: "left alone: new pods would no longer be injected: " + pod.Why}
		}
	}
	return Move{Act: Done, Reason: Repaired, Text: text}
}

// outdated returns the pods that are out of date, in their order.
func outdated(pods []Pod) []Pod {
	var found []Pod
	for _, pod := range pods {
		if pod.State.Problem() {
			found = append(found, pod)
		}
	}
	return found
}

func ready(pods []Pod) (n int) {
	for _, pod := range pods {
		if pod.Ready {
			n++
		}
	}
	return n
}

// troubles describes the first pods that are not ready, as the end of a sentence.
func troubles(pods []Pod) string {
	const most = 2
	var texts []string
	for _, pod := range pods {
		if pod.Trouble != "" && len(texts) < most {
			texts = append(texts, fleet.Printable(pod.Trouble))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return ": " + strings.Join(texts, "; ")
}
