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
	earlier  *before // what was done to the pod before, or nil

	podVars    []*EnvVar   // the same for every container, in order
	podAttrs   []attribute // likewise, without the container's own
	shared     shared
	endpoint   *EnvVar
	early      *EnvVar // the endpoint of init containers, which an ordinary sidecar comes too late for
	protocol   *EnvVar
	service    *EnvVar // OTEL_SERVICE_NAME or nil
	fromImage  bool    // service.version is not annotated
	instance   bool    // service.instance.id is not annotated
	named      bool    // k8s.container.name is wanted
	containers []string

	present   bool      // the pod has the sidecar already
	proxy     bool      // all containers are proxies
	away      bool      // no DaemonSet runs where the pod runs
	variables []*EnvVar // the profile's, but for what the node refuses
	complete  bool      // as compiled has it, for these

	measured, bytes int             // the edits that grown has looked at, and their JSON
	excludes        map[string]bool // by a variable's name: whether an annotation keeps it out
}

func (b *builder) build() {
	p := b.plan
	p.Skipped = append(p.Skipped, b.compiled.skip...)
	b.away = b.request.Pod.placement() != ordinaryNode
	b.proxy = !slices.ContainsFunc(b.request.Pod.Spec.Containers, func(c Container) bool { return !b.compiled.skips(c.Name) })
	if b.earlier == nil {
		b.nameOthers()
	}
	b.decideSidecar()
	b.placePod()
	b.prepare()
	total := len(b.request.Pod.Spec.InitContainers) + len(b.request.Pod.Spec.Containers)
	p.Edits = make([]Edit, 0, total*(len(b.podVars)+len(b.variables)+6)+2)
	b.each(true, b.request.Pod.Spec.InitContainers)
	b.each(false, b.request.Pod.Spec.Containers)
	if _, over := b.grown(); !over && p.Sidecar != SidecarNone && !b.present {
		p.Edits = append(p.Edits, Edit{Kind: AddSidecar, Sidecar: b.sidecar()})
		b.addPullSecrets()
	}
	reason, over := b.grown()
	if !over && p.size(0) > maxPatch {
		reason, over = PatchTooLarge, true
	}
	if over {
		*p = *untouched(p.pod, reason)
		return
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
		if !b.removes(a.key) && !has(b.compiled.attributes, a.key) {
			b.podAttrs = append(b.podAttrs, a)
		}
	}
	for _, w := range b.request.Owners {
		b.podVars = append(b.podVars, literal(w.variable(), w.Name, "the pod's owner"))
		derive(literalAttribute(w.attribute(), w.Name))
	}
	derive(attribute{"service.namespace", "$(K8S_NAMESPACE)", []string{"K8S_NAMESPACE"}})
	b.podAttrs = b.kept(overlay(b.podAttrs, annotated(pod, ns)))
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
	b.fromImage, b.instance = b.derives("service.version"), b.derives("service.instance.id")
	b.named = b.derives("k8s.container.name")
	if !b.derives("service.name") {
		b.service = nil
	}
}

func (b *builder) endpointVar(endpoint Setting) *EnvVar {
	return expression(otelEndpoint, b.url(endpoint.Value, b.plan.Settings.Protocol.Value), "endpoint "+endpoint.Value+", by "+string(endpoint.Origin))
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
	return b.upstream()
}

func (b *builder) each(init bool, containers []Container) {
	for i := range containers {
		target := &Target{Init: init, Index: i, Name: containers[i].Name}
		if b.earlier != nil && b.earlier.done[target.Name] {
			continue
		}
		if reason, ok := b.selects(target); !ok {
			b.plan.skip(target.Name, "", reason)
			continue
		}
		if _, over := b.grown(); over {
			return
		}
		b.containers = append(b.containers, target.Name)
		b.container(target, &containers[i])
	}
}

// selects says whether a container gets the variables. Exclusion wins over selection, selection
// over the profile's list of proxies; in a pod of nothing but proxies, such as a gateway's, they are the
// workload.
func (b *builder) selects(target *Target) (Reason, bool) {
	s, name := &b.plan.Settings, target.Name
	switch {
	case name == SidecarName:
		return ContainerSkipped, false // a copy of an injected pod: the sidecar is no part of the workload
	case slices.Contains(s.ExcludeContainers.Names, name):
		return ContainerExcluded, false
	case s.Containers.Names != nil && !slices.Contains(s.Containers.Names, name):
		return NotSelected, false
	case s.Containers.Names == nil && (target.Init || !b.proxy) && (b.compiled.skips(name) || helper(b.request.Pod.Metadata.Labels, name)):
		return ContainerSkipped, false
	}
	return "", true
}

// excluded reports whether an annotation keeps a variable out.
func (b *builder) excluded(name string) bool {
	if b.plan.Settings.ExcludeVariables.Names == nil {
		return false
	}
	out, known := b.excludes[name]
	if !known {
		out = matches(b.plan.Settings.ExcludeVariables.Names, name)
		if b.excludes == nil {
			b.excludes = map[string]bool{}
		}
		b.excludes[name] = out
	}
	return out
}

// removes reports whether the profile or an annotation leaves an attribute out.
func (b *builder) removes(key string) bool {
	return slices.Contains(b.compiled.removed, key) || b.excludesAttribute(key)
}

func (b *builder) excludesAttribute(key string) bool {
	names := b.plan.Settings.ExcludeAttributes.Names
	return names != nil && matches(names, key)
}

// kept are the attributes that no annotation excludes. The profile's own removals are done already, and
// an annotation resource.opentelemetry.io/<key> is stronger than those.
func (b *builder) kept(list []attribute) []attribute {
	if b.plan.Settings.ExcludeAttributes.Names == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(a attribute) bool {
		out := b.excludesAttribute(a.key)
		if out {
			b.plan.skip("", a.key, ExcludedAttribute)
		}
		return out
	})
}

// derives reports whether an attribute is Telepod's to make for each container.
func (b *builder) derives(key string) bool {
	if b.excludesAttribute(key) {
		b.plan.skip("", key, ExcludedAttribute)
		return false
	}
	return !has(b.podAttrs, key) && !slices.Contains(b.compiled.removed, key)
}

// matches reports whether one of the patterns matches a name.
func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, _ := path.Match(glob, name)
		return ok
	})
}
