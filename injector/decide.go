package injector

import "strings"

// Annotation and label keys of the domain telepod.dev.
const (
	// Domain prefixes every key of Telepod.
	Domain = "telepod.dev/"
	// InjectKey on a pod, as annotation or label, is "true" or "false".
	InjectKey = Domain + "inject"
	// InjectionLabel on a namespace is enabled or disabled.
	InjectionLabel = Domain + "injection"
	// StatusAnnotation on a pod records what was injected; see Status.
	StatusAnnotation = Domain + "status"

	mirrorAnnotation = "kubernetes.io/config.mirror"
)

// Namespace is the pod's namespace. Of its labels and annotations, only Telepod's keys and the resource
// attributes matter.
type Namespace struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
}

// Decision states whether a pod is injected, and why or why not.
type Decision struct {
	Inject bool
	// Deny is true only in strict mode: the request must be refused for InvalidSettings.
	Deny   bool
	Reason Reason
}

// Policy is the cluster-wide part of the decision.
type Policy struct {
	// InjectByDefault applies if neither pod nor namespace opts in or out.
	InjectByDefault bool
	// ProtectedNamespaces are never injected: kube-system and Telepod's own belong here.
	ProtectedNamespaces []string
}

// Decide decides whether a pod is injected. The first row that matches wins:
//
//	namespace is protected                         no   protected-namespace
//	pod mirrors a static pod                       no   mirror-pod
//	pod has annotation telepod.dev/status          no   already-injected, except for containers added since
//	pod annotation telepod.dev/inject: false       no   pod-disabled
//	pod annotation telepod.dev/inject: true        yes  pod-enabled
//	pod label telepod.dev/inject: false            no   pod-disabled
//	pod label telepod.dev/inject: true             yes  pod-enabled
//	namespace label telepod.dev/injection: disabled no  namespace-disabled
//	namespace label telepod.dev/injection: enabled yes  namespace-enabled
//	the default                                    yes  default-enabled, no default-disabled
//
// Any other value counts as absent and produces a warning.
func Decide(pod *Pod, ns Namespace, policy Policy) (Decision, []Warning) {
	for _, name := range policy.ProtectedNamespaces {
		if ns.Name == name {
			return Decision{Reason: ProtectedNamespace}, nil
		}
	}
	if _, mirror := pod.Metadata.Annotations[mirrorAnnotation]; mirror {
		return Decision{Reason: MirrorPod}, nil
	}
	if _, done := pod.Metadata.Annotations[StatusAnnotation]; done {
		return Decision{Reason: AlreadyInjected}, nil
	}
	return optedIn(pod, ns, policy)
}

// optedIn evaluates the rows of Decide from the pod's own annotation on.
func optedIn(pod *Pod, ns Namespace, policy Policy) (Decision, []Warning) {
	var warnings []Warning
	lookup := func(where Origin, values map[string]string, key, yes, no string) (inject, ok bool) {
		value, ok := values[key]
		value = strings.TrimSpace(value)
		switch {
		case !ok:
			return false, false
		case value == yes:
			return true, true
		case value == no:
			return false, true
		}
		w := invalidValue(where, key, value, "use %q or %q", yes, no)
		w.Nearest = near(value, []string{yes, no})
		warnings = append(warnings, w)
		return false, false
	}
	for _, values := range []map[string]string{pod.Metadata.Annotations, pod.Metadata.Labels} {
		if inject, ok := lookup(FromPod, values, InjectKey, "true", "false"); ok {
			return decision(inject, PodEnabled, PodDisabled), warnings
		}
	}
	if inject, ok := lookup(FromNamespace, ns.Labels, InjectionLabel, "enabled", "disabled"); ok {
		return decision(inject, NamespaceEnabled, NamespaceDisabled), warnings
	}
	return decision(policy.InjectByDefault, DefaultEnabled, DefaultDisabled), warnings
}

func decision(inject bool, yes, no Reason) Decision {
	if inject {
		return Decision{Inject: true, Reason: yes}
	}
	return Decision{Reason: no}
}
