package injector

import (
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// Plan describes what happens to one pod: the decision and, if it is injected, the edits in order. AppendPatch
// renders them.
type Plan struct {
	Decision Decision
	// Profile is nil if the pod is not injected.
	Profile  *profiles.Resolved
	Settings Settings
	Edits    []Edit
	// Skipped are the parts left out, each with its reason.
	Skipped  []Skip
	Warnings []Warning
	// MoreWarnings counts those beyond the limit.
	MoreWarnings int
	// SidecarKind is the kind of sidecar that the pod has afterwards.
	SidecarKind SidecarKind
	// Status is the value of the annotation telepod.dev/status.
	Status string
	// Silent are the containers that get variables but no endpoint, so they send no telemetry. It has the
	// reason for each container's name.
	Silent map[string]Reason
	// UnknownConfigMaps are those in envFrom that Request.ConfigMapKeys did not know.
	UnknownConfigMaps []string
	// Notes are facts about the pod that need no action, such as a cloud's webhook that gives it
	// credentials.
	Notes []Skip

	remarks []Skip
	pod     *Pod
}

// SidecarKind is how the Collector runs in a pod.
type SidecarKind string

// The kinds of sidecar: native is an init container that keeps running.
const (
	SidecarNone      SidecarKind = "none"
	SidecarNative    SidecarKind = "native"
	SidecarContainer SidecarKind = "container"
)

// EditKind is one of the five things that Telepod does to a pod.
type EditKind int

const (
	// AddVariable inserts Variable before position At of the container's env.
	AddVariable EditKind = iota
	// SetValue replaces the literal value of the user's variable at position At with Variable's.
	SetValue
	// AddSidecar inserts Sidecar: first among the init containers, or last among the containers.
	AddSidecar
	// AddPullSecret names a Secret with image pull credentials.
	AddPullSecret
	// Annotate sets an annotation.
	Annotate
)

// Edit is one change. Positions are those in the original pod; the edits of one container are adjacent,
// in the order of their positions.
type Edit struct {
	Kind       EditKind
	At         int           // of AddVariable and SetValue
	Target     *Target       // of AddVariable and SetValue
	Variable   *EnvVar       // of AddVariable and SetValue
	Sidecar    *AddedSidecar // of AddSidecar
	Annotation *Annotation   // of Annotate
	Secret     string        // of AddPullSecret
}

// Annotation is an annotation to set.
type Annotation struct{ Key, Value string }

// Target is a container by its position in the pod.
type Target struct {
	Init  bool
	Index int
	Name  string
}

// Skip is a part that was left out. Container is empty if it concerns the whole pod.
type Skip struct {
	Container string
	Item      string // a variable's name, a resource attribute's key, or "sidecar"
	Reason    Reason
}

// sidecarItem is the Item of a Skip for the sidecar.
const sidecarItem = "sidecar"

// AddsSidecar reports whether the plan adds the sidecar. A pod that already has one keeps it.
func (p *Plan) AddsSidecar() bool {
	return slices.ContainsFunc(p.Edits, func(e Edit) bool { return e.Kind == AddSidecar })
}

// Remarks returns what the owner of the pod should know in addition to Warnings. Containers that send no telemetry come
// first, then a requested sidecar that was left out, and so on. Sentence describes each.
func (p *Plan) Remarks() []Skip { return p.remarks }

func (p *Plan) remark(container, item string, reason Reason) {
	p.remarks = append(p.remarks, Skip{container, item, reason})
}

// silent notes a container without an endpoint, after other such containers and before all other remarks.
func (p *Plan) silent(container string, reason Reason) {
	if p.Silent == nil {
		p.Silent = map[string]Reason{}
	}
	p.remarks = slices.Insert(p.remarks, len(p.Silent), Skip{container, otelEndpoint, reason})
	p.Silent[container] = reason
}

// unknown notes a ConfigMap with unknown keys.
func (p *Plan) unknown(container, name string) {
	if !slices.Contains(p.UnknownConfigMaps, name) {
		p.UnknownConfigMaps = append(p.UnknownConfigMaps, name)
		p.remark(container, "ConfigMap "+name, UnknownConfigMap)
	}
}

// Plain is Sentence without any text from the user, for readers other than the user.
func (s Skip) Plain() string {
	if s.Item == sidecarItem && s.Container == "" {
		return s.Sentence()
	}
	if s.Container != "" {
		s.Container = "of the pod"
	}
	if s.Reason == UnknownConfigMap {
		s.Item = "a ConfigMap"
	}
	return s.Sentence()
}

// Sentence describes a remark, for a warning.
func (s Skip) Sentence() string {
	switch {
	case s.Container == "" && s.Item == "":
		return "the pod was left as it is: " + s.Reason.Text()
	case s.Reason == UnknownConfigMap, s.Reason == OtherInjector, s.Reason == CloudIdentity:
		return s.Item + ": " + s.Reason.Text()
	case s.Reason == ConfigFile:
		return "container " + s.Container + " keeps its own telemetry settings: " + s.Reason.Text()
	case s.Item == otelEndpoint:
		return "container " + s.Container + " sends no telemetry: " + s.Reason.Text()
	}
	if strings.Contains(s.Item, ", ") {
		return s.String() + " were left out: " + s.Reason.Text()
	}
	return s.String() + " was left out: " + s.Reason.Text()
}

func (p *Plan) skip(container, item string, reason Reason) {
	p.Skipped = append(p.Skipped, Skip{container, item, reason})
}

// in returns the container in its pod.
func (t *Target) in(pod *Pod) *Container {
	if t.Init {
		return &pod.Spec.InitContainers[t.Index]
	}
	return &pod.Spec.Containers[t.Index]
}
