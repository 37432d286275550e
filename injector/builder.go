package injector

import (
	"path"
	"slices"

	"github.com/telepod/telepod/profiles"
)

// builder makes the edits of one plan: the sidecar is decided first, because it changes where the
// containers send to.
type builder struct {
	plan     *Plan
	compiled *compiled
	options  *Options
	request  Request
	read     *reader

	podVars    []*EnvVar   // the same for every container, in order
	podAttrs   []attribute // likewise, without the container's own
	shared     shared
	endpoint   *EnvVar
	early      *EnvVar // the endpoint of init containers, which an ordinary sidecar comes too late for
	protocol   *EnvVar
	service    *EnvVar // OTEL_SERVICE_NAME or nil
	fromImage  bool    // service.version is not annotated
	instance   bool    // service.instance.id is not annotated
	containers []string
}

func (b *builder) build() {
	p := b.plan
	p.Skipped = append(p.Skipped, b.compiled.skip...)
	b.decideSidecar()
	b.prepare()
	total := len(b.request.Pod.Spec.InitContainers) + len(b.request.Pod.Spec.Containers)
	p.Edits = make([]Edit, 0, total*(len(b.podVars)+len(b.compiled.variables)+6)+2)
	b.each(true, b.request.Pod.Spec.InitContainers)
	b.each(false, b.request.Pod.Spec.Containers)
	if p.Sidecar != SidecarNone {
		p.Edits = append(p.Edits, Edit{Kind: AddSidecar, Sidecar: b.sidecar()})
	}
	var ok bool
	if p.Status, ok = b.status(); !ok {
		*p = Plan{Decision: Decision{Reason: AnnotationsFull}, Warnings: p.Warnings, Profile: p.Profile, Settings: p.Settings, Sidecar: SidecarNone, pod: p.pod}
		return
	}
	p.Edits = append(p.Edits, Edit{Kind: Annotate, Text: &Text{StatusAnnotation, p.Status}})
}

// prepare computes what all containers of the pod share.
func (b *builder) prepare() {
	pod, ns, s := b.request.Pod, b.request.Namespace, &b.plan.Settings
	b.podVars = slices.Clip(b.compiled.identity)
	b.podAttrs = slices.Clip(b.compiled.attributes)
	derive := func(a attribute) {
		if !has(b.compiled.attributes, a.key) {
			b.podAttrs = append(b.podAttrs, a)
		}
	}
	for _, w := range b.request.Owners {
		b.podVars = append(b.podVars, literal(w.variable(), w.Name, "the pod's owner"))
		derive(literalAttribute(w.attribute(), w.Name))
	}
	derive(attribute{"service.namespace", "$(K8S_NAMESPACE)", []string{"K8S_NAMESPACE"}})
	b.podAttrs = overlay(b.podAttrs, annotated(pod, ns))
	b.shared = share(b.podAttrs)

	b.endpoint = b.endpointVar(s.Endpoint)
	b.early = b.endpoint
	if early := b.destinationOf(&Target{Init: true}); early != s.Endpoint {
		b.early = b.endpointVar(early)
	}
	b.protocol = literal(otelProtocol, s.Protocol.Value, "goes with the endpoint, by "+string(s.Protocol.Origin))
	fromLabels := b.compiled.ServiceNameFromLabels != nil && *b.compiled.ServiceNameFromLabels
	if name := serviceName(pod, ns, b.request.Owners, fromLabels); name != "" {
		b.service = literal(otelServiceName, name, "annotation, label, owner or name, in this order")
	} else {
		b.service = expression(otelServiceName, "$(K8S_POD_NAME)", "the pod's name")
	}
	b.fromImage, b.instance = !has(b.podAttrs, "service.version"), !has(b.podAttrs, "service.instance.id")
}

func (b *builder) endpointVar(endpoint Setting) *EnvVar {
	url := endpointURL(b.compiled.Resolved, endpoint.Value, b.plan.Settings.Protocol.Value, b.options.NodeIPv6)
	return expression(otelEndpoint, url, "endpoint "+endpoint.Value+", by "+string(endpoint.Origin))
}

func (b *builder) endpointFor(target *Target) *EnvVar {
	if target.Init {
		return b.early
	}
	return b.endpoint
}

// destinationOf is where a container sends to: init containers come before an ordinary sidecar, and
// send to where it would send.
func (b *builder) destinationOf(target *Target) Setting {
	if s := b.plan.Settings.Endpoint; !target.Init || b.plan.Sidecar != SidecarContainer || s.Value != profiles.EndpointSidecar {
		return s
	}
	return upstream(b.compiled.Resolved)
}

// endpointURL is the URL behind node, service, sidecar, or the URL itself. Over HTTP, SDKs append
// /v1/traces and so on to it (OTLP exporter specification).
func endpointURL(profile *profiles.Resolved, endpoint, protocol string, ipv6 bool) string {
	port := profile.OTLP.GRPCPort
	if protocol == profiles.ProtocolHTTP {
		port = profile.OTLP.HTTPPort
	}
	switch endpoint {
	case profiles.EndpointNode:
		host := "$(K8S_NODE_IP)"
		if ipv6 {
			host = "[" + host + "]"
		}
		return "http://" + host + ":" + itoa(port)
	case profiles.EndpointService:
		return "http://" + profile.OTLP.ServiceHost + ":" + itoa(port)
	case profiles.EndpointSidecar:
		if protocol == profiles.ProtocolHTTP {
			return "http://127.0.0.1:" + itoa(profiles.SidecarHTTPPort)
		}
		return "http://127.0.0.1:" + itoa(profiles.SidecarGRPCPort)
	}
	return escape(endpoint)
}

func (b *builder) each(init bool, containers []Container) {
	for i := range containers {
		target := &Target{Init: init, Index: i, Name: containers[i].Name}
		if reason, ok := b.selects(target.Name); !ok {
			b.plan.skip(target.Name, "", reason)
			continue
		}
		b.containers = append(b.containers, target.Name)
		b.container(target, &containers[i])
	}
}

// selects says whether a container gets the variables. Exclusion wins over selection, selection
// over the profile's list of proxies.
func (b *builder) selects(name string) (Reason, bool) {
	s := &b.plan.Settings
	switch {
	case slices.Contains(s.ExcludeContainers.Names, name):
		return ContainerExcluded, false
	case s.Containers.Names != nil && !slices.Contains(s.Containers.Names, name):
		return NotSelected, false
	case s.Containers.Names == nil && b.compiled.skips(name):
		return ContainerSkipped, false
	}
	return "", true
}

// excluded reports whether an annotation keeps a variable out.
func (b *builder) excluded(name string) bool {
	return slices.ContainsFunc(b.plan.Settings.ExcludeVariables.Names, func(glob string) bool {
		ok, _ := path.Match(glob, name)
		return ok
	})
}
