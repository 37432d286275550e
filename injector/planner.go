package injector

import (
	"path"
	"slices"

	"github.com/telepod/telepod/profiles"
)

// planner makes the edits of one plan. It decides about the sidecar first, because the destinations of the
// containers depend on it.
type planner struct {
	plan    *Plan
	profile *compiledProfile
	options *Options
	request Request
	read    *settingsReader
	earlier *earlierInjection // the previous injection of the pod, or nil

	podVars       []*EnvVar   // the same for every container, in order
	podAttributes []attribute // likewise; each container adds its own
	endpoint      *EnvVar
	initEndpoint  *EnvVar // the endpoint of init containers, which run before an ordinary sidecar starts
	protocol      *EnvVar
	service       *EnvVar // OTEL_SERVICE_NAME or nil
	fromImage     bool    // Telepod computes service.version
	instance      bool    // Telepod computes service.instance.id
	named         bool    // Telepod computes k8s.container.name
	containers    []string

	hasSidecar  bool      // the pod has the sidecar already
	onlyProxies bool      // all containers are proxies
	noDaemonSet bool      // no DaemonSet runs where the pod runs
	variables   []*EnvVar // the profile's, except those that the node refuses

	usable          []attribute     // of the current container; its memory is reused
	measured, bytes int             // the edits that overLimit has counted, and the size of their JSON
	excludes        map[string]bool // by a variable's name: whether an annotation excludes it
}

// run plans the pod. A pod that would exceed a limit gets a plan without edits instead.
func (p *planner) run() *Plan {
	pod, plan := p.request.Pod, p.plan
	plan.Skipped = append(plan.Skipped, p.profile.skip...)
	p.noDaemonSet = pod.placement() != ordinaryNode
	p.onlyProxies = !slices.ContainsFunc(pod.Spec.Containers, func(c Container) bool { return !p.profile.skips(c.Name) })
	if p.earlier == nil {
		p.reportInjectors()
	}
	p.decideSidecar()
	p.placePod()
	p.prepare()
	total := len(pod.Spec.InitContainers) + len(pod.Spec.Containers)
	plan.Edits = make([]Edit, 0, total*(len(p.podVars)+len(p.variables)+6)+2)
	p.planContainers(true, pod.Spec.InitContainers)
	p.planContainers(false, pod.Spec.Containers)
	if _, over := p.overLimit(); !over && plan.SidecarKind != SidecarNone && !p.hasSidecar {
		plan.Edits = append(plan.Edits, Edit{Kind: AddSidecar, Sidecar: p.sidecarContainer()})
		p.addPullSecrets()
	}
	reason, over := p.overLimit()
	if !over && plan.size(0) > maxPatch {
		reason, over = PatchTooLarge, true
	}
	if over {
		return untouched(pod, reason)
	}
	status, ok := p.status()
	if !ok {
		return withoutEdits(plan, Decision{Reason: AnnotationsFull})
	}
	plan.Status = status
	plan.Edits = append(plan.Edits, Edit{Kind: Annotate, Annotation: &Annotation{StatusAnnotation, status}})
	return plan
}

// prepare computes what all containers of the pod share.
func (p *planner) prepare() {
	pod, ns, s := p.request.Pod, p.request.Namespace, &p.plan.Settings
	p.podVars = slices.Clip(p.profile.identity)
	p.podAttributes = slices.Clip(p.profile.attributes)
	derive := func(a attribute) {
		if !p.removes(a.key) && !hasKey(p.profile.attributes, a.key) {
			p.podAttributes = append(p.podAttributes, a)
		}
	}
	for _, w := range p.request.Owners {
		p.podVars = append(p.podVars, literal(w.variable(), w.Name, "the pod's owner"))
		derive(literalAttribute(w.attribute(), w.Name))
	}
	derive(attribute{"service.namespace", "$(K8S_NAMESPACE)", []string{"K8S_NAMESPACE"}})
	p.podAttributes = p.kept(overlay(p.podAttributes, annotated(pod, ns)))

	p.endpoint = p.endpointVar(s.Endpoint)
	p.initEndpoint = p.endpoint
	if other := p.destinationOf(&Target{Init: true}); other != s.Endpoint {
		p.initEndpoint = p.endpointVar(other)
	}
	p.protocol = literal(otelProtocol, s.Protocol.Value, "matches the endpoint, by "+string(s.Protocol.Origin))
	fromLabels := p.profile.ServiceNameFromLabels != nil && *p.profile.ServiceNameFromLabels
	if name := serviceName(pod, ns, p.request.Owners, fromLabels); name != "" {
		p.service = literal(otelServiceName, name, "annotation, label, owner or name, in this order")
	} else {
		p.service = expression(otelServiceName, "$(K8S_POD_NAME)", "the pod's name")
	}
	p.fromImage, p.instance = p.derives("service.version"), p.derives("service.instance.id")
	p.named = p.derives("k8s.container.name")
	if !p.derives("service.name") {
		p.service = nil
	}
}

func (p *planner) endpointVar(endpoint Setting[string]) *EnvVar {
	return expression(otelEndpoint, p.url(endpoint.Value, p.plan.Settings.Protocol.Value), "endpoint "+endpoint.Value+", by "+string(endpoint.Origin))
}

func (p *planner) endpointFor(target *Target) *EnvVar {
	if target.Init {
		return p.initEndpoint
	}
	return p.endpoint
}

// destinationOf returns the destination of a container. Init containers run before an ordinary sidecar, so
// they use the sidecar's own destination.
func (p *planner) destinationOf(target *Target) Setting[string] {
	if s := p.plan.Settings.Endpoint; !target.Init || p.plan.SidecarKind != SidecarContainer || s.Value != profiles.EndpointSidecar {
		return s
	}
	return p.upstream()
}

func (p *planner) planContainers(init bool, containers []Container) {
	for i := range containers {
		target := &Target{Init: init, Index: i, Name: containers[i].Name}
		if p.earlier != nil && p.earlier.done[target.Name] {
			continue
		}
		if reason, ok := p.selects(target); !ok {
			p.plan.skip(target.Name, "", reason)
			continue
		}
		if _, over := p.overLimit(); over {
			return
		}
		p.containers = append(p.containers, target.Name)
		p.container(target, &containers[i])
	}
}

// selects reports whether a container gets the variables. Exclusion wins over selection, which wins over
// the profile's list of proxies. In a pod with only proxies, such as a gateway, they are the workload.
func (p *planner) selects(target *Target) (Reason, bool) {
	s, name := &p.plan.Settings, target.Name
	switch {
	case name == SidecarName:
		return ContainerSkipped, false // a copy of an injected pod: the sidecar is not part of the workload
	case slices.Contains(s.ExcludeContainers.Names, name):
		return ContainerExcluded, false
	case s.Containers.Names != nil && !slices.Contains(s.Containers.Names, name):
		return NotSelected, false
	case s.Containers.Names == nil && (target.Init || !p.onlyProxies) && (p.profile.skips(name) || belongsToController(p.request.Pod.Metadata.Labels, name)):
		return ContainerSkipped, false
	}
	return "", true
}

// excluded reports whether an annotation excludes a variable.
func (p *planner) excluded(name string) bool {
	if p.plan.Settings.ExcludeVariables.Names == nil {
		return false
	}
	out, known := p.excludes[name]
	if !known {
		out = matches(p.plan.Settings.ExcludeVariables.Names, name)
		if p.excludes == nil {
			p.excludes = map[string]bool{}
		}
		p.excludes[name] = out
	}
	return out
}

// removes reports whether the profile or an annotation leaves an attribute out.
func (p *planner) removes(key string) bool {
	return slices.Contains(p.profile.removed, key) || p.excludesAttribute(key)
}

func (p *planner) excludesAttribute(key string) bool {
	names := p.plan.Settings.ExcludeAttributes.Names
	return names != nil && matches(names, key)
}

// kept returns the attributes that no annotation excludes. The profile's own removals are already applied, and
// an annotation resource.opentelemetry.io/<key> overrides them.
func (p *planner) kept(list []attribute) []attribute {
	if p.plan.Settings.ExcludeAttributes.Names == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(a attribute) bool {
		out := p.excludesAttribute(a.key)
		if out {
			p.plan.skip("", a.key, ExcludedAttribute)
		}
		return out
	})
}

// derives reports whether Telepod computes an attribute for each container.
func (p *planner) derives(key string) bool {
	if p.excludesAttribute(key) {
		p.plan.skip("", key, ExcludedAttribute)
		return false
	}
	return !hasKey(p.podAttributes, key) && !slices.Contains(p.profile.removed, key)
}

// matches reports whether one of the patterns matches a name.
func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, _ := path.Match(glob, name)
		return ok
	})
}
