package restart

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store records in the cluster why repair has stopped, so that no other process continues.
type Store interface {
	// Stopped returns the reason and its details; empty if repair has not stopped.
	Stopped(context.Context) (Reason, string, error)
	Stop(context.Context, Failure) error
}

// Controller repairs workloads by evictions, one pod at a time in the whole cluster.
type Controller struct {
	Runner *Runner
	Store  Store
	// Workloads reads the workloads that need repair, in a fixed order.
	Workloads func(context.Context) ([]Workload, error)
	// Settle is the minimum age of an out-of-date pod.
	Settle time.Duration
}

// Round is the result of one pass over the cluster.
type Round struct {
	// Stopped is why repair has stopped; Details has more.
	Stopped Reason
	Details string
	// Asked: the store returned whether repair has stopped.
	Asked bool
	// Left counts the workloads that were left alone, by reason.
	Left map[Reason]int
	// Repaired counts repaired workloads, Failed those that failed, by reason.
	Repaired int
	Failed   map[Reason]int
}

// Round checks the cluster once and repairs workloads. A failed rollout, or a new pod that is out of date again,
// stops repair until a person has examined it. An injector that does not work ends only this round.
func (c *Controller) Round(ctx context.Context) (Round, error) {
	round := Round{Left: map[Reason]int{}, Failed: map[Reason]int{}}
	var err error
	if round.Stopped, round.Details, err = c.Store.Stopped(ctx); err != nil || round.Stopped != "" {
		round.Asked = err == nil
		return round, err
	}
	round.Asked, c.Runner.Stopped = true, c.Store.Stopped // it may also be stopped during the round
	workloads, err := c.Workloads(ctx)
	if err != nil {
		return round, err
	}
	for _, w := range workloads {
		step, err := c.step(ctx, w)
		if err != nil {
			return round, err
		}
		if step.Intent != Restart {
			round.Left[step.Reason]++
			continue
		}
		if over, err := c.repair(ctx, step, &round); over || err != nil {
			return round, err
		}
	}
	return round, nil
}

// step decides about a workload, also based on its pods.
func (c *Controller) step(ctx context.Context, w Workload) (Step, error) {
	step := Plan([]Workload{w}, ByEviction)[0]
	if step.Intent != Restart {
		return step, nil
	}
	seen, err := c.Runner.Cluster.Observe(ctx, w.Identity)
	if err != nil {
		return step, err
	}
	if seen.Gone {
		step.Intent, step.Reason, step.Text = Leave, Vanished, "it was deleted meanwhile"
		return step, nil
	}
	w.Running, w.Rollout, w.Budgets, w.OptedOut = seen.Pods, seen.Rollout, seen.Budgets, seen.OptedOut
	step = Plan([]Workload{w}, ByEviction)[0]
	if step.Intent == Restart && Young(w, c.Runner.Now(), c.Settle) {
		step.Intent, step.Reason, step.Text = Leave, TooYoung, fmt.Sprintf("an out-of-date pod was created less than %s ago", c.Settle)
	}
	return step, nil
}

// repair reports whether the round is over.
func (c *Controller) repair(ctx context.Context, step Step, round *Round) (bool, error) {
	end, err := c.Runner.Workload(ctx, step)
	switch {
	case err == nil && end == Repaired:
		round.Repaired++
		return false, nil
	case err == nil:
		round.Left[end]++
		return false, nil
	}
	if h, halted := errors.AsType[*halt](err); halted {
		round.Stopped, round.Details = h.reason, h.details
		return true, nil
	}
	failure, ok := errors.AsType[*Failure](err)
	if !ok {
		return true, err
	}
	round.Failed[failure.Reason]++
	switch failure.Reason {
	case BudgetBlocked:
		return false, nil
	case RolloutFailed, CameBackBare:
		round.Stopped, round.Details = failure.Reason, failure.Error()
		// Persist the reason, because this process may be about to end.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		return true, c.Store.Stop(ctx, *failure)
	case InjectorIll:
		return true, nil
	}
	return true, err
}
