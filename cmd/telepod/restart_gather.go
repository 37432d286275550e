package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/restart"
)

// restartable reads the workloads with pods in the given states, and those with an unfinished restart.
func (l *live) restartable(ctx context.Context, namespace string, states []fleet.State) ([]restart.Workload, error) {
	problems, err := l.problems(ctx, namespace)
	if err != nil {
		return nil, err
	}
	budgets, err := l.Budgets(ctx, namespace)
	if err != nil {
		return nil, err
	}
	found := map[fleet.Identity]*restart.Workload{}
	for _, p := range problems {
		if slices.Contains(states, p.State) {
			found[p.Identity] = &restart.Workload{Workload: *p, OptedOut: l.namespaces[p.Namespace].OptedOut()}
		}
	}
	err = l.EachRolling(ctx, namespace, func(r inventory.Rolling) error {
		w := found[r.Identity]
		if w == nil && r.Marked && !r.Settled() {
			w = &restart.Workload{Workload: fleet.Workload{Identity: r.Identity, State: fleet.Current}, OptedOut: l.namespaces[r.Namespace].OptedOut()}
			found[r.Identity] = w
		}
		if w != nil {
			w.UID, w.Template, w.Rollout, w.Marked = string(r.Object.GetUID()), r.Template, r.Rollout, r.Marked
			w.OptedOut = w.OptedOut || r.OptedOut
			w.Budgets = inventory.BudgetsOf(r.Namespace, r.Labels, budgets)
		}
		return nil
	})
	return inOrder(found), err
}

// inOrder sorts workloads by namespace. Within a namespace, workloads with an unfinished restart come first.
func inOrder(found map[fleet.Identity]*restart.Workload) []restart.Workload {
	list := make([]restart.Workload, 0, len(found))
	for _, w := range found {
		list = append(list, *w)
	}
	first := func(w restart.Workload) int {
		if w.Marked {
			return 0
		}
		return 1
	}
	slices.SortFunc(list, func(a, b restart.Workload) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(first(a), first(b)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return list
}
