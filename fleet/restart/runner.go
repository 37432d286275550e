package restart

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/telepod/telepod/fleet"
)

// ErrNotNow means that the API server refused an act for now, because of a budget or a change to the workload.
var ErrNotNow = errors.New("not now")

// Cluster carries out moves. Its methods only send requests, and do not wait for results.
type Cluster interface {
	Observe(ctx context.Context, id fleet.Identity) (Observation, error)
	Try(ctx context.Context, id fleet.Identity) (Trial, error)
	Begin(ctx context.Context, id fleet.Identity) error
	Evict(ctx context.Context, id fleet.Identity, pod Pod) error
	// Finish removes the mark of a restart that succeeded.
	Finish(ctx context.Context, id fleet.Identity) error
	// Undo restores the pod template from before the restart; false if there is nothing to undo.
	Undo(ctx context.Context, id fleet.Identity) (bool, error)
}

// Event is something that happened to a workload. Reason is set for actions, and for why a run stopped.
type Event struct {
	fleet.Identity
	At     time.Time `json:"at"`
	Reason Reason    `json:"reason,omitempty"`
	Text   string    `json:"text"`
}

// Runner carries out steps.
type Runner struct {
	Cluster Cluster
	Method  Method
	Limits  Limits
	// Rollback undoes a restart that failed.
	Rollback bool
	// Admit waits until another act is allowed; nil allows all.
	Admit func(context.Context) error
	// Stopped is called before each trial and each act. If it returns a reason, the run ends. It may be nil.
	Stopped func(context.Context) (Reason, string, error)
	// Report is called for each event, one at a time.
	Report func(Event)
	Now    func() time.Time
	// Pause waits between two observations.
	Pause func(context.Context) error

	reporting sync.Mutex
}

// Failure is why a run stopped.
type Failure struct {
	fleet.Identity
	Reason Reason
	Text   string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s/%s in namespace %s: %s: %s", f.Kind, f.Name, f.Namespace, f.Reason, f.Text)
}

// halt ends a run because it was stopped from outside.
type halt struct {
	reason  Reason
	details string
}

func (h *halt) Error() string { return fmt.Sprintf("stopped: %s: %s", h.reason, h.details) }

// Run restarts workloads: one at a time in each namespace, in several namespaces at the same time. After the
// first failure it starts no other workload, and finishes those that it has started.
func (r *Runner) Run(ctx context.Context, steps []Step, namespaces int) error {
	lanes := lanes(steps)
	work := make(chan []Step, len(lanes))
	for _, lane := range lanes {
		work <- lane
	}
	close(work)
	var failed failures
	var all sync.WaitGroup
	for range min(max(namespaces, 1), len(lanes)) {
		all.Go(func() {
			for lane := range work {
				for _, step := range lane {
					if failed.any() {
						return
					}
					_, err := r.Workload(ctx, step)
					failed.add(err)
				}
			}
		})
	}
	all.Wait()
	return failed.err()
}

// lanes groups the steps that act by namespace, in their order.
func lanes(steps []Step) [][]Step {
	var list [][]Step
	at := map[string]int{}
	for _, step := range steps {
		if step.Intent == Leave {
			continue
		}
		i, known := at[step.Namespace]
		if !known {
			i = len(list)
			at[step.Namespace], list = i, append(list, nil)
		}
		list[i] = append(list[i], step)
	}
	return list
}

type failures struct {
	sync.Mutex
	list []error
}

func (f *failures) add(err error) {
	f.Lock()
	defer f.Unlock()
	if err != nil {
		f.list = append(f.list, err)
	}
}

func (f *failures) any() bool {
	f.Lock()
	defer f.Unlock()
	return len(f.list) > 0
}

func (f *failures) err() error { return errors.Join(f.list...) }

// Workload restarts one workload, and returns the result, or a [Failure].
func (r *Runner) Workload(ctx context.Context, step Step) (Reason, error) {
	id := step.Identity
	course := Start(r.Method, r.Limits, step.Intent == Watch, r.Now())
	end, err := r.follow(ctx, id, course)
	failure, failed := errors.AsType[*Failure](err)
	switch {
	case err == nil && r.Method == ByRollout:
		err = r.Cluster.Finish(ctx, id)
	case failed && r.Rollback && (failure.Reason == RolloutFailed || failure.Reason == CameBackBare):
		err = errors.Join(err, r.rollBack(ctx, id))
	}
	if _, halted := errors.AsType[*halt](err); halted || err == nil || failed {
		return end, err
	}
	failure = &Failure{id, RequestFailed, err.Error()}
	if ctx.Err() != nil {
		failure = &Failure{id, Interrupted, "run the same command again to continue"}
	}
	r.report(id, failure.Reason, failure.Text)
	return end, failure
}

// follow goes through a course to its end.
func (r *Runner) follow(ctx context.Context, id fleet.Identity, course *Course) (Reason, error) {
	for last := ""; ; {
		seen, err := r.Cluster.Observe(ctx, id)
		if err != nil {
			return "", err
		}
		move := course.Next(r.Now(), seen)
		switch move.Act {
		case Done:
			r.report(id, move.Reason, move.Text)
			return move.Reason, nil
		case Stop:
			r.report(id, move.Reason, move.Text)
			return "", &Failure{id, move.Reason, move.Text}
		case Wait:
			if move.Text != last {
				r.report(id, "", move.Text)
				last = move.Text
			}
			err = r.Pause(ctx)
		default:
			err = r.act(ctx, id, course, seen, move)
		}
		if err != nil {
			return "", err
		}
	}
}

func (r *Runner) act(ctx context.Context, id fleet.Identity, course *Course, seen Observation, move Move) error {
	if move.Act == Try {
		// Wait for the rate limit before the trial, so that the act directly follows it.
		if r.Admit != nil {
			if err := r.Admit(ctx); err != nil {
				return err
			}
		}
		if err := r.stopped(ctx); err != nil {
			return err
		}
		trial, err := r.Cluster.Try(ctx, id)
		if err == nil {
			course.Tried(trial)
		}
		return err
	}
	err := r.stopped(ctx)
	if err != nil {
		return err
	}
	if move.Act == Evict {
		err = r.Cluster.Evict(ctx, id, move.Pod)
	} else {
		err = r.Cluster.Begin(ctx, id)
	}
	if errors.Is(err, ErrNotNow) {
		course.Refused(err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	course.Acted(seen, move.Pod.UID, r.Now())
	r.report(id, move.Reason, move.Text)
	return nil
}

func (r *Runner) stopped(ctx context.Context) error {
	if r.Stopped == nil {
		return nil
	}
	reason, details, err := r.Stopped(ctx)
	if err == nil && reason != "" {
		err = &halt{reason, details}
	}
	return err
}

// undo retries while others change the workload, such as its controller, which updates the status.
func (r *Runner) undo(ctx context.Context, id fleet.Identity) (bool, error) {
	for since := r.Now(); ; {
		undone, err := r.Cluster.Undo(ctx, id)
		if !errors.Is(err, ErrNotNow) || r.Now().Sub(since) >= r.Limits.Progress {
			return undone, err
		}
		if err := r.Pause(ctx); err != nil {
			return false, err
		}
	}
}

// rollBack restores the pod template and waits until it is rolled out, or until the time limit.
func (r *Runner) rollBack(ctx context.Context, id fleet.Identity) error {
	undone, err := r.undo(ctx, id)
	if err != nil {
		return fmt.Errorf("roll back %s/%s in namespace %s: %w", id.Kind, id.Name, id.Namespace, err)
	}
	if !undone {
		r.report(id, "", "not rolled back: its pod template was changed by others")
		return nil
	}
	r.report(id, RolledBack, "waiting for its pods")
	for since := r.Now(); ; {
		seen, err := r.Cluster.Observe(ctx, id)
		if err != nil {
			return err
		}
		if seen.Rollout.Settled() {
			r.report(id, "", "the rollback is complete: "+seen.Rollout.String())
			return nil
		}
		if r.Now().Sub(since) >= r.Limits.Progress {
			return fmt.Errorf("the rollback of %s/%s in namespace %s is not complete: %s%s", id.Kind, id.Name, id.Namespace, seen.Rollout, troubles(seen.Pods))
		}
		if err := r.Pause(ctx); err != nil {
			return err
		}
	}
}

func (r *Runner) report(id fleet.Identity, reason Reason, text string) {
	r.reporting.Lock()
	defer r.reporting.Unlock()
	r.Report(Event{Identity: id, At: r.Now(), Reason: reason, Text: text})
}
