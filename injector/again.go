package injector

import (
	"encoding/json"
	"slices"
)

// before is what an earlier call did to the pod.
type before struct {
	status Status
	done   map[string]bool
}

// remember reads the status annotation. What cannot be read is somebody else's text: then the pod counts
// as done.
func remember(pod *Pod) (*before, bool) {
	b := &before{done: map[string]bool{}}
	if err := json.Unmarshal([]byte(pod.Metadata.Annotations[StatusAnnotation]), &b.status); err != nil || b.status.Profile == "" {
		return nil, false
	}
	for _, name := range b.status.Containers {
		b.done[name] = true
	}
	return b, true
}

// newcomers reports whether the pod has containers that the earlier call did not give variables to. The
// API server calls again when another webhook has changed the pod.
func (b *before) newcomers(pod *Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers),
		func(c Container) bool { return !b.done[c.Name] && c.Name != SidecarName })
}

// again plans for a pod that was injected before: containers that have come since get their variables,
// everything else stays as it is.
func (in *Injector) again(r Request) *Plan {
	done := &Plan{Decision: Decision{Reason: AlreadyInjected}, Sidecar: SidecarNone, pod: r.Pod}
	earlier, ok := remember(r.Pod)
	if !ok || !earlier.newcomers(r.Pod) {
		return done
	}
	decision, _ := optedIn(r.Pod, r.Namespace, in.options.Policy)
	if !decision.Inject {
		return done
	}
	plan := in.plan(r, decision, nil, earlier)
	plan.Warnings, plan.MoreWarnings = nil, 0 // the first call has given them
	if !slices.ContainsFunc(plan.Edits, func(e Edit) bool { return e.Kind != Annotate }) {
		return done
	}
	return plan
}

// merged is the status with what was done before.
func (b *before) merged(now Status) Status {
	now.Containers = append(slices.Clone(b.status.Containers), now.Containers...)
	for name, reason := range b.status.Silent {
		if now.Silent == nil {
			now.Silent = map[string]Reason{}
		}
		now.Silent[name] = reason
	}
	for reason, items := range b.status.Skipped {
		if now.Skipped == nil {
			now.Skipped = map[Reason][]string{}
		}
		all := append(slices.Clone(items), now.Skipped[reason]...)
		slices.Sort(all)
		all = slices.Compact(all)
		now.Skipped[reason] = all[:min(len(all), maxSkipped)]
	}
	return now
}
