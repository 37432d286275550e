package injector

import (
	"fmt"

	"github.com/telepod/telepod/profiles"
)

// Options are the settings of the installation.
type Options struct {
	Policy
	Cluster
	// DefaultProfile applies to pods without an annotation.
	DefaultProfile string
	// Strict denies a pod with invalid annotations, instead of falling back with a warning.
	Strict bool
}

// Injector plans injections. It is immutable and safe for concurrent use; changed profiles or options
// need a new one.
type Injector struct {
	options  Options
	profiles *profiles.Set
	compiled map[string]*compiledProfile
}

// New compiles every profile of the set, so that a request computes only what depends on its pod.
func New(set *profiles.Set, options Options) (*Injector, error) {
	in := &Injector{options: options, profiles: set, compiled: map[string]*compiledProfile{}}
	for _, name := range set.Names() {
		profile, _ := set.Lookup(name)
		in.compiled[name] = compile(profile, options.Cluster)
	}
	if in.compiled[options.DefaultProfile] == nil {
		return nil, fmt.Errorf("default profile %q: no such profile%s; have %v", options.DefaultProfile,
			profiles.DidYouMean(options.DefaultProfile, set.Names()), set.Names())
	}
	return in, nil
}

// DefaultProfile returns the profile of pods without an annotation.
func (in *Injector) DefaultProfile() *profiles.Resolved {
	return in.compiled[in.options.DefaultProfile].Resolved
}

// Request is one pod to plan for.
type Request struct {
	Pod       *Pod
	Namespace Namespace
	// Owners replaces the owners computed from the pod's ownerReferences: the command line reads the
	// workload that contains the template. Outermost last.
	Owners []Workload
	// ConfigMapKeys returns the keys of a ConfigMap, which become variables through envFrom; known is
	// false if they are not known. Without the function, EnvFromInspect is the same as EnvFromOverride.
	ConfigMapKeys func(namespace, name string) (keys []string, known bool)
}

// Plan decides whether to inject the pod, and plans the edits if so. It does not change the pod.
func (in *Injector) Plan(r Request) *Plan {
	if r.Pod.excess != "" {
		return untouched(r.Pod, r.Pod.excess)
	}
	decision, warnings := Decide(r.Pod, r.Namespace, in.options.Policy)
	if decision.Inject && len(r.Pod.Spec.Containers) == 0 {
		decision = Decision{Reason: NoContainers}
	}
	switch {
	case decision.Reason == AlreadyInjected:
		return in.planAgain(r)
	case !decision.Inject:
		return &Plan{Decision: decision, Warnings: warnings, SidecarKind: SidecarNone, pod: r.Pod}
	}
	return in.plan(r, decision, warnings, nil)
}

// plan plans the edits of a pod to inject; earlier is its previous injection, or nil.
func (in *Injector) plan(r Request, decision Decision, warnings []Warning, earlier *earlierInjection) *Plan {
	read := &settingsReader{pod: r.Pod, namespace: r.Namespace, warnings: warnings}
	chosen := in.choose(read)
	profile := in.compiled[chosen.Value]
	settings := read.read(profile.Resolved, chosen)
	if read.excess != "" {
		return untouched(r.Pod, read.excess)
	}
	if r.Owners == nil {
		r.Owners = Owners(r.Pod)
	}
	plan := &Plan{Decision: decision, Profile: profile.Resolved, Settings: settings, SidecarKind: SidecarNone, pod: r.Pod}
	plan = (&planner{plan: plan, profile: profile, options: &in.options, request: r, read: read, earlier: earlier}).run()
	plan.Warnings, plan.MoreWarnings = read.warnings, read.more
	if in.options.Strict && len(plan.Warnings) > 0 {
		return withoutEdits(plan, Decision{Deny: true, Reason: InvalidSettings})
	}
	return plan
}

// choose picks the profile: the pod's annotation, the namespace's, the default.
func (in *Injector) choose(read *settingsReader) Setting[string] {
	setting, ok := read.first(ProfileAnnotation, func(name string) (string, string) {
		if in.compiled[name] != nil {
			return "", ""
		}
		nearest, _ := in.profiles.Nearest(name)
		return "no such profile", nearest
	})
	if !ok {
		return Setting[string]{in.options.DefaultProfile, FromDefault}
	}
	return setting
}
