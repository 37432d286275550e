package injector

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/telepod/telepod/profiles"
)

// Annotations that choose settings, on a pod or, for all pods of a namespace, on the namespace.
const (
	ProfileAnnotation           = Domain + "profile"
	ContainersAnnotation        = Domain + "containers"
	ExcludeContainersAnnotation = Domain + "exclude-containers"
	ExcludeVariablesAnnotation  = Domain + "exclude-variables"
	ExcludeAttributesAnnotation = Domain + "exclude-attributes"
	EnvFromAnnotation           = Domain + "env-from"
	EndpointAnnotation          = Domain + "endpoint"
	ProtocolAnnotation          = Domain + "protocol"
	SidecarAnnotation           = Domain + "sidecar"
	SidecarImageAnnotation      = Domain + "sidecar-image"
	SidecarCPURequest           = Domain + "sidecar-cpu-request"
	SidecarCPULimit             = Domain + "sidecar-cpu-limit"
	SidecarMemoryRequest        = Domain + "sidecar-memory-request"
	SidecarMemoryLimit          = Domain + "sidecar-memory-limit"
	// RepairAnnotation "false" excludes running pods from restarts by Telepod; it does not affect injection.
	RepairAnnotation = Domain + "repair"

	// ResourcePrefix marks an annotation as a resource attribute (semantic conventions,
	// Kubernetes attributes): resource.opentelemetry.io/<key>.
	ResourcePrefix = "resource.opentelemetry.io/"
)

// Annotations lists every annotation key that a pod or namespace may have, for "did you mean",
// completion and the validating policy.
func Annotations() []string {
	return []string{
		InjectKey, ProfileAnnotation, ContainersAnnotation, ExcludeContainersAnnotation,
		ExcludeVariablesAnnotation, ExcludeAttributesAnnotation, EnvFromAnnotation, EndpointAnnotation, ProtocolAnnotation, SidecarAnnotation,
		SidecarImageAnnotation, SidecarCPURequest, SidecarCPULimit, SidecarMemoryRequest, SidecarMemoryLimit,
		RepairAnnotation,
	}
}

// Setting is a value and its source.
type Setting[T any] struct {
	Value  T
	Origin Origin
}

// List is a list of names and its source; nil if nothing sets it.
type List struct {
	Names  []string
	Origin Origin
}

// Settings are the combined settings of annotations and profile, after validation.
type Settings struct {
	Profile           Setting[string]
	Endpoint          Setting[string] // node, service, sidecar or a URL
	Protocol          Setting[string] // grpc or http/protobuf
	Sidecar           Setting[bool]
	SidecarImage      Setting[string]
	Containers        List
	ExcludeContainers List
	ExcludeVariables  List            // names or globs
	ExcludeAttributes List            // keys or globs
	EnvFrom           Setting[string] // inspect, keep or override
	// SidecarResources are the quantities in annotations, by annotation key.
	SidecarResources map[string]Setting[resource.Quantity]

	sidecarEndpoint bool // an annotation sets endpoint: sidecar
}

// settingsReader looks keys up on the pod, then on the namespace, and collects warnings.
type settingsReader struct {
	pod       *Pod
	namespace Namespace
	warnings  []Warning
	more      int    // warnings beyond maxWarnings
	excess    Reason // the limit that an annotation exceeds, or ""
}

// warn adds a warning. It searches the candidates for a suggestion only if the warning is kept.
func (r *settingsReader) warn(w Warning, candidates ...string) {
	if len(r.warnings) >= maxWarnings {
		r.more++
		return
	}
	if candidates != nil {
		word := w.Value
		if w.Reason == UnknownAnnotation {
			word = w.Key
		}
		w.Nearest = near(word, candidates)
	}
	r.warnings = append(r.warnings, w)
}

// first returns the strongest valid value of key; accept explains why a value is invalid.
func (r *settingsReader) first(key string, accept func(string) (problem, nearest string)) (Setting[string], bool) {
	for _, at := range []struct {
		origin Origin
		values map[string]string
	}{{FromPod, r.pod.Metadata.Annotations}, {FromNamespace, r.namespace.Annotations}} {
		value, ok := at.values[key]
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		problem, nearest := accept(value)
		if problem == "" {
			return Setting[string]{value, at.origin}, true
		}
		w := invalidValue(at.origin, key, value, "%s", problem)
		w.Nearest = nearest
		if key == ProfileAnnotation {
			w.Reason = UnknownProfile
		}
		r.warn(w)
	}
	return Setting[string]{}, false
}

// annotation returns the annotation as the user wrote it.
func (r *settingsReader) annotation(key string) string {
	if value, ok := r.pod.Metadata.Annotations[key]; ok {
		return strings.TrimSpace(value)
	}
	return strings.TrimSpace(r.namespace.Annotations[key])
}

// choice returns a function that accepts one of a fixed set of words.
func choice(words ...string) func(string) (string, string) {
	return func(value string) (string, string) {
		if slices.Contains(words, value) {
			return "", ""
		}
		return "use one of " + strings.Join(words, ", "), near(value, words)
	}
}

func (r *settingsReader) list(key string) List {
	setting, ok := r.first(key, func(string) (string, string) { return "", "" })
	if !ok {
		return List{}
	}
	if strings.Count(setting.Value, ",") >= maxNames {
		r.excess = TooManyNames
		return List{}
	}
	list := List{Names: []string{}, Origin: setting.Origin}
	for name := range strings.SplitSeq(setting.Value, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list.Names = append(list.Names, name)
		}
	}
	return list
}

// read reads the settings of one pod. The profile is already chosen.
func (r *settingsReader) read(profile *profiles.Resolved, chosen Setting[string]) Settings {
	r.unknownKeys()
	s := Settings{
		Profile:           chosen,
		Containers:        r.list(ContainersAnnotation),
		ExcludeContainers: r.list(ExcludeContainersAnnotation),
		ExcludeVariables:  r.list(ExcludeVariablesAnnotation),
		ExcludeAttributes: r.list(ExcludeAttributesAnnotation),
		Endpoint:          Setting[string]{profile.OTLP.Endpoint, FromProfile},
		Protocol:          Setting[string]{profile.OTLP.Protocol, FromProfile},
		Sidecar:           Setting[bool]{profile.Sidecar.Enabled != nil && *profile.Sidecar.Enabled, FromProfile},
		SidecarImage:      Setting[string]{profile.Sidecar.Image, FromProfile},
		EnvFrom:           Setting[string]{profile.EnvFrom, FromProfile},
	}
	r.unknownContainers(ContainersAnnotation, &s.Containers)
	r.unknownContainers(ExcludeContainersAnnotation, &s.ExcludeContainers)
	r.badGlobs(ExcludeVariablesAnnotation, &s.ExcludeVariables, "CLOUD_*")
	r.badGlobs(ExcludeAttributesAnnotation, &s.ExcludeAttributes, "k8s.*")
	if v, ok := r.first(EnvFromAnnotation, choice(profiles.EnvFromChoices()...)); ok {
		s.EnvFrom = v
	}
	if v, ok := r.first(EndpointAnnotation, acceptEndpoint(profile)); ok {
		s.Endpoint, s.sidecarEndpoint = v, v.Value == profiles.EndpointSidecar
	}
	if v, ok := r.first(ProtocolAnnotation, choice(profiles.ProtocolGRPC, profiles.ProtocolHTTP)); ok {
		s.Protocol = v
	}
	r.first(RepairAnnotation, choice("true", "false")) // only to report mistakes
	if v, ok := r.first(SidecarAnnotation, choice("true", "false")); ok {
		s.Sidecar = Setting[bool]{v.Value == "true", v.Origin}
	}
	if v, ok := r.first(SidecarImageAnnotation, acceptImage); ok {
		s.SidecarImage = v
	}
	for _, key := range []string{SidecarCPURequest, SidecarCPULimit, SidecarMemoryRequest, SidecarMemoryLimit} {
		if v, ok := r.first(key, acceptQuantity); ok {
			if s.SidecarResources == nil {
				s.SidecarResources = map[string]Setting[resource.Quantity]{}
			}
			s.SidecarResources[key] = Setting[resource.Quantity]{resource.MustParse(v.Value), v.Origin} // acceptQuantity has checked it
		}
	}
	r.reconcile(&s, profile)
	r.reconcileProtocol(&s)
	return s
}

// reconcile makes endpoint and sidecar consistent.
//
//	endpoint sidecar, sidecar refused at the same level or closer to the pod  endpoint becomes upstream
//	endpoint sidecar, sidecar not requested                                   sidecar becomes true
//	sidecar true, endpoint not set at the same level or closer                endpoint becomes sidecar
func (r *settingsReader) reconcile(s *Settings, profile *profiles.Resolved) {
	inPod, toPod := s.Sidecar.Value, s.Endpoint.Value == profiles.EndpointSidecar
	refused := s.Sidecar.Origin != FromProfile && !stronger(s.Endpoint.Origin, s.Sidecar.Origin)
	switch {
	case toPod && !inPod && refused:
		if s.Endpoint.Origin != FromProfile {
			r.contradiction(EndpointAnnotation, s.Endpoint, SidecarAnnotation+" is \"false\"; the endpoint is "+upstream(profile).Value+" instead")
		}
		s.sendTo(profile, upstream(profile))
	case toPod && !inPod:
		s.Sidecar = Setting[bool]{true, s.Endpoint.Origin}
	case inPod && !toPod && (s.Endpoint.Origin == FromProfile || stronger(s.Sidecar.Origin, s.Endpoint.Origin)):
		s.Endpoint = Setting[string]{profiles.EndpointSidecar, s.Sidecar.Origin}
	}
}

// reconcileProtocol derives the protocol from a URL with port 4317 or 4318, unless an annotation at the same
// level or closer to the pod sets it.
func (r *settingsReader) reconcileProtocol(s *Settings) {
	conventional := profiles.ProtocolOf(s.Endpoint.Value)
	switch {
	case conventional == "" || conventional == s.Protocol.Value:
	case stronger(s.Endpoint.Origin, s.Protocol.Origin):
		s.Protocol = Setting[string]{conventional, s.Endpoint.Origin}
	case s.Protocol.Origin != FromProfile:
		r.contradiction(ProtocolAnnotation, s.Protocol, "the port of "+s.Endpoint.Value+" is by convention for "+conventional+"; both stay as set")
	}
}

// sendTo makes the upstream the endpoint, and sets its protocol: one that was chosen for the sidecar may
// not match a URL.
func (s *Settings) sendTo(profile *profiles.Resolved, to Setting[string]) {
	s.Endpoint = to
	if protocol := urlProtocol(profile, s.Endpoint.Value); protocol != "" {
		s.Protocol = Setting[string]{protocol, FromProfile}
	}
}

// urlProtocol returns the protocol of a URL in the profile; "" for the endpoints node, service and sidecar.
func urlProtocol(profile *profiles.Resolved, endpoint string) string {
	if !strings.Contains(endpoint, "://") {
		return ""
	}
	return cmp.Or(profiles.ProtocolOf(endpoint), profile.OTLP.Protocol)
}

// upstream returns the destination of a sidecar, and of a pod that cannot have one: the profile's endpoint,
// or the Service if that endpoint is the sidecar itself.
func upstream(profile *profiles.Resolved) Setting[string] {
	if endpoint := profile.OTLP.Endpoint; endpoint != profiles.EndpointSidecar {
		return Setting[string]{endpoint, FromProfile}
	}
	return Setting[string]{profiles.EndpointService, FromProfile}
}

func (r *settingsReader) contradiction(key string, s Setting[string], problem string) {
	r.warn(Warning{Reason: Contradiction, Origin: s.Origin, Key: key, Value: s.Value, Problem: problem})
}

// stronger reports whether origin a is closer to the pod than origin b.
func stronger(a, b Origin) bool {
	rank := func(o Origin) int { return slices.Index([]Origin{FromPod, FromNamespace, FromProfile, FromDefault}, o) }
	return rank(a) < rank(b)
}
