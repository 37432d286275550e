package injector

import (
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/telepod/telepod/profiles"
)

// SidecarName is the name of the Collector's container in a pod.
const SidecarName = "telepod-collector"

// maxDetected is how long a key or an encoded value may be for the Collector's env detector: at one
// with more than 256 characters the Collector stops (0.158.0).
const maxDetected = 255

// Variables of the sidecar alone.
const (
	sidecarConfig    = "TELEPOD_SIDECAR_CONFIG"
	sidecarExporter  = "TELEPOD_EXPORTER"
	sidecarExport    = "TELEPOD_EXPORT_ENDPOINT"
	sidecarDetectors = "TELEPOD_DETECTORS"
)

// Sidecar is the Collector's container: the part that only the profile decides, encoded once, and
// the variables of this pod.
type Sidecar struct {
	spec    corev1.Container // without Env
	encoded []byte           // spec as JSON
	env     []*EnvVar
	native  bool
}

// Typed is the container as the API has it.
func (s *Sidecar) Typed() corev1.Container {
	c := *s.spec.DeepCopy()
	for _, v := range s.env {
		c.Env = append(c.Env, v.EnvVar)
	}
	return c
}

func (s *Sidecar) appendJSON(dst []byte) []byte {
	dst = append(dst, s.encoded[:len(s.encoded)-1]...)
	dst = append(dst, `,"env":`...)
	return append(appendVariables(dst, s.env), '}')
}

// sidecarSpec makes the container of a profile. It has no startup or readiness probe by default: a
// Collector that fails must neither keep the application from starting nor take the pod out of its
// Services. Nor has it an HTTP probe by default: a service mesh with strict mTLS refuses the kubelet's
// request, which would kill the sidecar again and again.
func sidecarSpec(profile *profiles.Resolved, native bool) *Sidecar {
	p := profile.Sidecar
	handler := corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(profiles.SidecarHealthPort)}}
	if len(p.ProbeCommand) > 0 {
		handler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: p.ProbeCommand}}
	}
	probe := func(period, failures int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:     handler,
			PeriodSeconds:    period,
			TimeoutSeconds:   5,
			FailureThreshold: failures,
		}
	}
	spec := corev1.Container{
		Name:                     SidecarName,
		Image:                    p.Image,
		ImagePullPolicy:          p.ImagePullPolicy,
		Args:                     []string{"--config=env:" + sidecarConfig},
		Resources:                p.Resources,
		SecurityContext:          p.SecurityContext,
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
	if len(p.ProbeCommand) > 0 {
		spec.LivenessProbe = probe(15, 4)
	}
	if native {
		spec.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		if p.GateStartup != nil && *p.GateStartup {
			spec.StartupProbe = probe(1, 60)
		}
	}
	return encodeSidecar(spec, native)
}

// addPullSecrets adds the profile's pull secrets to the pod's, those that it lacks.
func (b *builder) addPullSecrets() {
	for _, name := range b.compiled.Sidecar.ImagePullSecrets {
		if !slices.Contains(b.request.Pod.Spec.ImagePullSecrets, name) {
			b.plan.Edits = append(b.plan.Edits, Edit{Kind: AddPullSecret, Secret: name})
		}
	}
}

func encodeSidecar(spec corev1.Container, native bool) *Sidecar {
	encoded, err := json.Marshal(spec)
	if err != nil {
		panic(err) // API types: cannot fail
	}
	return &Sidecar{spec: spec, encoded: encoded, native: native}
}

// decideSidecar settles whether the pod gets the sidecar that the settings ask for. Where it cannot
// be had, the pod sends to where the sidecar would have sent.
func (b *builder) decideSidecar() {
	s := &b.plan.Settings
	if s.Sidecar.Value != "true" {
		return
	}
	if b.plan.Sidecar = sidecarOf(b.request.Pod); b.plan.Sidecar != SidecarNone {
		b.present = true
		return
	}
	if b.earlier != nil {
		if s.Endpoint.Value == profiles.EndpointSidecar {
			s.sendTo(b.compiled.Resolved, b.upstream()) // it could not be had then, and comes too late now
		}
		return
	}
	if reason, ok := b.sidecarFits(); !ok {
		b.plan.skip("", sidecarItem, reason)
		b.plan.remark("", sidecarItem, reason)
		if s.Endpoint.Value == profiles.EndpointSidecar {
			s.sendTo(b.compiled.Resolved, b.upstream())
		}
		return
	}
	b.plan.Sidecar = SidecarContainer
	if b.options.NativeSidecars {
		b.plan.Sidecar = SidecarNative
	}
}

// sidecarOf is the kind of the sidecar that a pod has already: another call has added it, or the pod is a
// copy of one that was injected, as `kubectl debug --copy-to` makes them.
func sidecarOf(pod *Pod) string {
	is := func(c Container) bool {
		return c.Name == SidecarName && slices.ContainsFunc(c.Env, func(v Variable) bool { return v.Name == sidecarConfig })
	}
	switch {
	case slices.ContainsFunc(pod.Spec.InitContainers, is):
		return SidecarNative
	case slices.ContainsFunc(pod.Spec.Containers, is):
		return SidecarContainer
	}
	return SidecarNone
}

func (b *builder) sidecarFits() (Reason, bool) {
	pod := b.request.Pod
	switch {
	case b.compiled.Sidecar.Image == "" || b.compiled.Sidecar.Config == "":
		return NoSidecar, false
	case pod.placement() == virtualNode:
		return VirtualNode, false
	case pod.windows():
		return Windows, false
	case pod.Spec.HostNetwork:
		return HostNetwork, false
	case !b.options.NativeSidecars && pod.finite():
		return WouldNotFinish, false
	}
	for _, containers := range [][]Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if containers[i].Name == SidecarName {
				return NameTaken, false
			}
			for _, port := range containers[i].Ports {
				if sidecarPort(port.ContainerPort) {
					return PortTaken, false
				}
			}
		}
	}
	return "", true
}

// sidecarPort reports whether the sidecar listens on a port.
func sidecarPort(port int32) bool {
	return port == profiles.SidecarGRPCPort || port == profiles.SidecarHTTPPort || port == profiles.SidecarHealthPort
}

// sidecar is the container with the variables of this pod.
func (b *builder) sidecar() *Sidecar {
	side := *b.compiled.sidecar
	spec, changed := side.spec, false
	if image := b.plan.Settings.SidecarImage; image.Origin != FromProfile {
		spec.Image, changed = image.Value, true
	}
	if b.request.Pod.Spec.PodResources {
		// The API server refuses a pod whose containers request more than the pod as a whole.
		b.plan.skip(SidecarName, "resources", PodLevelResources)
		spec.Resources, changed = corev1.ResourceRequirements{}, true
	} else if b.plan.Settings.SidecarResources != nil {
		spec.Resources, changed = b.sidecarResources(spec.Resources), true
	}
	if changed {
		side = *encodeSidecar(spec, side.native)
	}
	side.env = b.sidecarEnv()
	return &side
}

// sidecarEnv gives the Collector the pod's identity, where to send, and its configuration.
func (b *builder) sidecarEnv() []*EnvVar {
	env := make([]*EnvVar, 0, len(b.podVars)+len(b.compiled.Sidecar.Env)+5)
	defined := map[string]bool{}
	add := func(v *EnvVar) {
		for _, ref := range v.refs {
			if !defined[ref] {
				b.plan.skip(SidecarName, v.Name, MissingReference)
				return
			}
		}
		if !defined[v.Name] {
			env = append(env, v)
		}
		defined[v.Name] = true
	}
	for _, v := range b.podVars {
		add(v)
	}
	add(literal("K8S_CONTAINER_NAME", SidecarName, "the container's name"))
	for _, v := range b.variables {
		add(v)
	}
	attributes := b.podAttrs
	if b.service != nil && len(b.service.refs) == 0 {
		attributes = append(attributes[:len(attributes):len(attributes)], attribute{key: "service.name", value: percentEncode(b.service.Value)})
	}
	usable := make([]attribute, 0, len(attributes))
	for _, a := range attributes {
		switch {
		case !b.complete && anyMissing(a.refs, defined):
		case max(len(a.key), len(a.value)) > maxDetected:
			b.plan.skip(SidecarName, a.key, TooLong)
		default:
			usable = append(usable, a)
		}
	}
	add(expression(otelResourceAttributes, text(usable), "profile, owner and annotations"))
	to := b.upstream().Value
	exporter, protocol := "otlp_grpc", profiles.ProtocolGRPC
	if urlProtocol(b.compiled.Resolved, to) == profiles.ProtocolHTTP {
		exporter, protocol = "otlp_http", profiles.ProtocolHTTP
	}
	add(literal(sidecarExporter, exporter, "as is spoken there"))
	add(expression(sidecarExport, b.url(to, protocol), "where the sidecar sends to"))
	add(literal(sidecarDetectors, "["+strings.Join(b.compiled.Detectors, ", ")+"]", "profile "+b.compiled.Name))
	for _, spec := range b.compiled.Sidecar.Env {
		add(fromSpec(spec, "profile "+b.compiled.Name))
	}
	add(b.compiled.config)
	return env
}

func anyMissing(refs []string, defined map[string]bool) bool {
	for _, ref := range refs {
		if !defined[ref] {
			return true
		}
	}
	return false
}
