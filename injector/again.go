package injector

import (
	"encoding/json"
	"slices"
)

// earlierInjection is what an earlier call did to the pod.
type earlierInjection struct {
	status Status
	done   map[string]bool // names of the containers that it injected
}

// readEarlier reads the status annotation. If it cannot be parsed, another program wrote it: the pod then
// counts as injected.
func readEarlier(pod *Pod) (*earlierInjection, bool) {
	e := &earlierInjection{done: map[string]bool{}}
	if err := json.Unmarshal([]byte(pod.Metadata.Annotations[StatusAnnotation]), &e.status); err != nil || e.status.Profile == "" {
		return nil, false
	}
	for _, name := range e.status.Containers {
		e.done[name] = true
	}
	return e, true
}

// hasNewContainers reports whether the pod has containers that the earlier call did not inject. The API server
// calls again when another webhook has changed the pod.
func (e *earlierInjection) hasNewContainers(pod *Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers),
		func(c Container) bool { return !e.done[c.Name] && c.Name != SidecarName })
}

// planAgain plans for a pod that was injected before: containers added since get their variables,
// and everything else stays as it is.
func (in *Injector) planAgain(r Request) *Plan {
	done := &Plan{Decision: Decision{Reason: AlreadyInjected}, SidecarKind: SidecarNone, pod: r.Pod}
	earlier, ok := readEarlier(r.Pod)
	if !ok || !earlier.hasNewContainers(r.Pod) {
		return done
	}
	decision, _ := optedIn(r.Pod, r.Namespace, in.options.Policy)
	if !decision.Inject {
		return done
	}
	plan := in.plan(r, decision, nil, earlier)
	plan.Warnings, plan.MoreWarnings = nil, 0 // the first call has reported them
	if !slices.ContainsFunc(plan.Edits, func(edit Edit) bool { return edit.Kind != Annotate }) {
		return done
	}
	return plan
}

// merged returns the status of both injections.
func (e *earlierInjection) merged(now Status) Status {
	now.Containers = append(slices.Clone(e.status.Containers), now.Containers...)
	for name, reason := range e.status.Silent {
		if now.Silent == nil {
			now.Silent = map[string]Reason{}
		}
		now.Silent[name] = reason
	}
	for reason, items := range e.status.Skipped {
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
