package injector

import (
	"github.com/telepod/telepod/profiles"
)

// Plan is what happens to one pod: the decision, and for an injected pod the edits, in the order in
// which they apply. Operations, AppendPatch, Apply and Explain are views of it.
type Plan struct {
	Decision Decision
	// Profile is nil where the pod is not injected.
	Profile  *profiles.Resolved
	Settings Settings
	Edits    []Edit
	// Skipped are the parts left out, each with its reason.
	Skipped  []Skip
	Warnings []Warning
	// Sidecar is "native" (an init container that keeps running), "container" or "none".
	Sidecar string
	// Status is the value of the annotation telepod.dev/status.
	Status string

	pod *Pod
}

// The kinds of sidecar.
const (
	SidecarNone      = "none"
	SidecarNative    = "native"
	SidecarContainer = "container"
)

// EditKind is one of the four things that Telepod does to a pod.
type EditKind int

const (
	// AddVariable inserts Variable before position At of the container's env.
	AddVariable EditKind = iota
	// SetValue replaces the literal value of the user's variable at position At by Variable's.
	SetValue
	// AddSidecar inserts Sidecar: first among the init containers, or last among the containers.
	AddSidecar
	// Annotate sets an annotation.
	Annotate
)

// Edit is one change. Positions are those of the pod as it came; the edits of one container stand
// together, in the order of their positions.
type Edit struct {
	Kind     EditKind
	At       int      // of AddVariable and SetValue
	Target   *Target  // of AddVariable and SetValue
	Variable *EnvVar  // of AddVariable and SetValue
	Sidecar  *Sidecar // of AddSidecar
	Text     *Text    // of Annotate
}

// Text is an annotation.
type Text struct{ Key, Value string }

// Target is a container by its place in the pod.
type Target struct {
	Init  bool
	Index int
	Name  string
}

// Skip is a part that was left out. Container is empty where the whole pod is meant.
type Skip struct {
	Container string
	Item      string // a variable's name, a resource attribute's key, or "sidecar"
	Reason    Reason
}

// sidecarItem is the Item of a Skip that means the sidecar.
const sidecarItem = "sidecar"

// Remarks are the skips that the owner of the pod should hear of, once for each container: a sidecar
// that was asked for, and the endpoint where an envFrom keeps it out.
func (p *Plan) Remarks() []Skip {
	var list []Skip
	for _, s := range p.Skipped {
		if (s.Item == sidecarItem && s.Container == "") || (s.Item == otelEndpoint && s.Reason == EnvFrom) {
			list = append(list, s)
		}
	}
	return list
}

func (p *Plan) skip(container, item string, reason Reason) {
	p.Skipped = append(p.Skipped, Skip{container, item, reason})
}

// in finds the container in its pod.
func (t *Target) in(pod *Pod) *Container {
	if t.Init {
		return &pod.Spec.InitContainers[t.Index]
	}
	return &pod.Spec.Containers[t.Index]
}
