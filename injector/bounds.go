package injector

// Limits on the pods that are processed and on the edits. Anyone who may create a pod, even as a dry run,
// controls its size; the largest pods in public repositories have some 20 containers and 400 variables.
// A pod that exceeds a limit is admitted unchanged, with the reason.
const (
	// maxContainers counts init containers too.
	maxContainers = 256
	// maxVariables is the sum over all containers.
	maxVariables = 4096
	// maxSources is the number of envFrom entries of all containers.
	maxSources = 256
	// maxMetadata is the length in bytes of all keys and values of the annotations, as in the API
	// server, and of other maps.
	maxMetadata = annotationBudget
	// maxOwners is how many ownerReferences (besides the controller's) and how many pull secrets are kept.
	maxOwners = 16
	// maxNames is how many names or patterns an annotation may list.
	maxNames = 256
	// maxPattern is the length of a pattern: no variable's or attribute's name is longer.
	maxPattern = 256
	// maxPairs is how many attributes a container's own OTEL_RESOURCE_ATTRIBUTES may have.
	maxPairs = 4096
	// maxEdits and maxPatch limit the response; maxPatch is in bytes.
	maxEdits = 8192
	maxPatch = 1 << 20
	// maxWarnings is how many mistakes are listed.
	maxWarnings = 32
)

// overLimit reports whether there are too many edits for one response, and why.
func (p *planner) overLimit() (Reason, bool) {
	for ; p.measured < len(p.plan.Edits); p.measured++ {
		if v := p.plan.Edits[p.measured].Variable; v != nil {
			p.bytes += len(v.json)
		}
	}
	switch {
	case p.measured > maxEdits:
		return TooManyEdits, true
	case p.bytes > maxPatch:
		return PatchTooLarge, true
	}
	return "", false
}

// untouched returns the plan for a pod that exceeds a limit.
func untouched(pod *Pod, reason Reason) *Plan {
	plan := &Plan{Decision: Decision{Reason: reason}, SidecarKind: SidecarNone, pod: pod}
	plan.remark("", "", reason)
	return plan
}

// withoutEdits returns the plan with another decision and no edits; settings and warnings stay.
func withoutEdits(plan *Plan, decision Decision) *Plan {
	return &Plan{Decision: decision, Warnings: plan.Warnings, Profile: plan.Profile, Settings: plan.Settings, SidecarKind: SidecarNone, pod: plan.pod}
}
