package injector

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/profiles"
)

// addPullSecrets adds the profile's pull secrets that the pod lacks.
func (p *planner) addPullSecrets() {
	for _, name := range p.profile.Sidecar.ImagePullSecrets {
		if !slices.Contains(p.request.Pod.Spec.ImagePullSecrets, name) {
			p.plan.Edits = append(p.plan.Edits, Edit{Kind: AddPullSecret, Secret: name})
		}
	}
}

// decideSidecar decides whether the pod gets the sidecar that the settings request. If the sidecar cannot run,
// the pod sends to the sidecar's destination.
func (p *planner) decideSidecar() {
	s := &p.plan.Settings
	if !s.Sidecar.Value {
		return
	}
	if p.plan.SidecarKind = sidecarOf(p.request.Pod); p.plan.SidecarKind != SidecarNone {
		p.hasSidecar = true
		return
	}
	if p.earlier != nil {
		if s.Endpoint.Value == profiles.EndpointSidecar {
			s.sendTo(p.profile.Resolved, p.upstream()) // it was left out then, and it is too late to add it now
		}
		return
	}
	if reason, ok := p.sidecarFits(); !ok {
		p.plan.skip("", sidecarItem, reason)
		p.plan.remark("", sidecarItem, reason)
		if s.Endpoint.Value == profiles.EndpointSidecar {
			s.sendTo(p.profile.Resolved, p.upstream())
		}
		return
	}
	p.plan.SidecarKind = SidecarContainer
	if p.options.NativeSidecars {
		p.plan.SidecarKind = SidecarNative
	}
}

// sidecarOf returns the kind of the sidecar that a pod already has: an earlier call has added it, or the pod
// is a copy of an injected one, made by `kubectl debug --copy-to`.
func sidecarOf(pod *Pod) SidecarKind {
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

func (p *planner) sidecarFits() (Reason, bool) {
	pod := p.request.Pod
	switch {
	case p.profile.Sidecar.Image == "" || p.profile.Sidecar.Config == "":
		return NoSidecar, false
	case pod.placement() == virtualNode:
		return VirtualNode, false
	case pod.windows():
		return Windows, false
	case pod.Spec.HostNetwork:
		return HostNetwork, false
	case !p.options.NativeSidecars && pod.finite():
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

// sidecarContainer returns the sidecar with the variables of this pod.
func (p *planner) sidecarContainer() *AddedSidecar {
	side := *p.profile.sidecarContainer
	spec, changed := side.spec, false
	if image := p.plan.Settings.SidecarImage; image.Origin != FromProfile {
		spec.Image, changed = image.Value, true
		if len(p.profile.Sidecar.ProbeCommand) == 0 && !profiles.HasSupervisor(image.Value) {
			spec.StartupProbe = nil // the image may lack its command, and the application would never start
		}
	}
	if p.request.Pod.Spec.PodResources {
		// The API server refuses a pod if its containers request more than the pod-level resources.
		p.plan.skip(SidecarName, "resources", PodLevelResources)
		spec.Resources, changed = corev1.ResourceRequirements{}, true
	} else if p.plan.Settings.SidecarResources != nil {
		spec.Resources, changed = p.sidecarResources(spec.Resources), true
	}
	if changed {
		side = *encodeSidecar(spec, side.native)
	}
	side.env = p.sidecarEnv()
	return &side
}

// sidecarEnv returns the Collector's variables: the pod's identity, the destination and the configuration.
func (p *planner) sidecarEnv() []*EnvVar {
	env := make([]*EnvVar, 0, len(p.podVars)+len(p.variables)+len(p.profile.Sidecar.Env)+8)
	defined := make(map[string]bool, cap(env))
	add := func(v *EnvVar) {
		if anyMissing(v.refs, defined) {
			p.plan.skip(SidecarName, v.Name, MissingReference)
			return
		}
		if !defined[v.Name] {
			env = append(env, v)
		}
		defined[v.Name] = true
	}
	for _, v := range p.podVars {
		add(v)
	}
	add(literal("K8S_CONTAINER_NAME", SidecarName, "the container's name"))
	for _, v := range p.variables {
		add(v)
	}
	attributes := p.podAttributes
	if p.service != nil && len(p.service.refs) == 0 {
		attributes = append(attributes[:len(attributes):len(attributes)], attribute{key: "service.name", value: percentEncode(p.service.Value)})
	}
	usable := make([]attribute, 0, len(attributes))
	for _, a := range attributes {
		switch {
		case anyMissing(a.refs, defined):
		case max(len(a.key), len(a.value)) > maxDetected:
			p.plan.skip(SidecarName, a.key, TooLong)
		default:
			usable = append(usable, a)
		}
	}
	add(expression(otelResourceAttributes, joinAttributes(usable), "profile, owner and annotations"))
	to := p.upstream().Value
	exporter, protocol := "otlp_grpc", profiles.ProtocolGRPC
	if urlProtocol(p.profile.Resolved, to) == profiles.ProtocolHTTP {
		exporter, protocol = "otlp_http", profiles.ProtocolHTTP
	}
	add(literal(sidecarExporter, exporter, "the protocol of that endpoint"))
	add(expression(sidecarExport, p.url(to, protocol), "the sidecar's destination"))
	add(literal(sidecarDetectors, "["+strings.Join(p.profile.Detectors, ", ")+"]", "profile "+p.profile.Name))
	for _, spec := range p.profile.Sidecar.Env {
		add(fromSpec(spec, "profile "+p.profile.Name))
	}
	add(p.profile.config)
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
