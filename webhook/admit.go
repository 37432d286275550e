package webhook

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/telepod/telepod/injector"
)

// Planner plans the injection of one pod. *injector.Injector implements it.
type Planner interface {
	Plan(injector.Request) *injector.Plan
}

// Admitter answers admission requests for pods. It is safe for concurrent use.
type Admitter struct {
	// Planner returns the current planner.
	Planner func() Planner
	// Namespace returns the known data of a namespace.
	Namespace func(name string) injector.Namespace
	// Await waits, up to patience, until current accepts the known data of a namespace: it is then as recent as
	// the labels that the API server has matched. It returns the data. Admit does not wait if Await is nil.
	Await func(name string, current func(injector.Namespace) bool, patience time.Duration) injector.Namespace
	// ConfigMapKeys is injector.Request.ConfigMapKeys; nil if ConfigMaps are not watched.
	ConfigMapKeys func(namespace, name string) (keys []string, known bool)
	// AwaitConfigMaps waits, up to patience, until ConfigMaps are known, and reports whether any is.
	AwaitConfigMaps func(ctx context.Context, namespace string, names []string, patience time.Duration) bool
	// DefaultOn is whether pods are injected if their namespace opts neither in nor out.
	DefaultOn bool
}

// Selection is what the API server determined about the namespace before the call.
type Selection int

const (
	// Unselected: only the pod itself requests injection.
	Unselected Selection = iota
	// NamespaceSelected: the namespace has opted in, by its label or by the default.
	NamespaceSelected
)

// Admit answers one request. It never panics, and never refuses a pod because of its own errors: such pods stay
// unchanged.
func (a *Admitter) Admit(ctx context.Context, request *Request, selection Selection) (out Outcome) {
	defer func() {
		if cause := recover(); cause != nil {
			// The cause may quote the pod; type and stack do not.
			out = failed(injector.InternalError, fmt.Errorf("plan injection: panic of type %T: %s", cause, debug.Stack()))
		}
	}()
	if !createsPod(request) {
		return Outcome{Verdict: NotInjected, Reason: injector.NotAPodCreation}
	}
	pod, err := request.Object.read()
	if err != nil {
		return failed(injector.UnreadablePod, err)
	}
	if ctx.Err() != nil {
		return failed(injector.Canceled, fmt.Errorf("plan injection: %w", context.Cause(ctx)))
	}
	r := injector.Request{Pod: pod, Namespace: a.namespace(request.Namespace, selection), ConfigMapKeys: a.ConfigMapKeys}
	plan := a.Planner().Plan(r)
	if len(plan.UnknownConfigMaps) > 0 && a.AwaitConfigMaps != nil &&
		a.AwaitConfigMaps(ctx, r.Namespace.Name, plan.UnknownConfigMaps, patience) {
		plan = a.Planner().Plan(r)
	}
	return planned(pod, plan)
}

// patience is how long an admission waits for a change that the API server has already seen. API servers time
// out after several seconds.
const patience = 250 * time.Millisecond

// namespace returns the namespace's data. The API server has matched the namespace's labels, so its result
// overrides older data from the watch:
//
//	by default pods are   the API server has matched   the watch has         result
//	not injected          injection: enabled           another label, none   wait for it, else assume enabled
//	injected              not injection: disabled      disabled              wait for it, else assume no label
func (a *Admitter) namespace(name string, selection Selection) injector.Namespace {
	ns := a.Namespace(name)
	if selection != NamespaceSelected {
		return ns
	}
	current, labels := isEnabled, map[string]string{injector.InjectionLabel: labelEnabled}
	if a.DefaultOn {
		current, labels = isNotDisabled, nil
	}
	if current(ns) {
		return ns
	}
	if a.Await != nil {
		ns = a.Await(name, current, patience)
	}
	if !current(ns) {
		ns.Labels = labels
	}
	return ns
}

const labelEnabled, labelDisabled = "enabled", "disabled"

func isEnabled(ns injector.Namespace) bool { return ns.Labels[injector.InjectionLabel] == labelEnabled }

func isNotDisabled(ns injector.Namespace) bool {
	return ns.Labels[injector.InjectionLabel] != labelDisabled
}

func createsPod(r *Request) bool {
	return r.Operation == admissionv1.Create && r.SubResource == "" &&
		r.Resource.Group == "" && r.Resource.Resource == "pods" && r.Kind.Kind == "Pod"
}
