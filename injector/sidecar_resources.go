package injector

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// minimumMemory is what the Collector needs to start and to pass its liveness probe. It idles at 60 MB,
// mostly the pages of the program itself.
const minimumMemory = "64Mi"

// sidecarResources overrides the profile's resources with the annotations, separately for cpu and memory.
// The API server refuses a pod with a request above its limit, and a sidecar that cannot start may keep
// the pod from starting. Annotations that would cause that are ignored, with a warning.
func (p *planner) sidecarResources(profile corev1.ResourceRequirements) corev1.ResourceRequirements {
	changed := *profile.DeepCopy()
	for _, r := range []struct {
		name           corev1.ResourceName
		request, limit string
	}{{corev1.ResourceCPU, SidecarCPURequest, SidecarCPULimit}, {corev1.ResourceMemory, SidecarMemoryRequest, SidecarMemoryLimit}} {
		request, limit := p.quantity(r.request, profile.Requests, r.name), p.quantity(r.limit, profile.Limits, r.name)
		switch {
		case request != nil && limit != nil && request.Cmp(*limit) > 0:
			p.fallBack(r.request, r.limit, fmt.Sprintf("the sidecar would request %s of %s, above its limit of %s", request, r.name, limit))
			continue
		case r.name == corev1.ResourceMemory && limit != nil && limit.Cmp(resource.MustParse(minimumMemory)) < 0:
			p.fallBack(r.limit, r.limit, "the Collector needs "+minimumMemory)
			continue
		}
		set(&changed.Requests, r.name, request)
		set(&changed.Limits, r.name, limit)
	}
	return changed
}

// quantity returns the quantity from the annotation, or else from the profile; nil if neither sets it.
func (p *planner) quantity(key string, profile corev1.ResourceList, name corev1.ResourceName) *resource.Quantity {
	if annotated, ok := p.plan.Settings.SidecarResources[key]; ok {
		return &annotated.Value
	}
	if q, ok := profile[name]; ok {
		return &q
	}
	return nil
}

func set(list *corev1.ResourceList, name corev1.ResourceName, q *resource.Quantity) {
	if q == nil {
		return
	}
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	(*list)[name] = *q
}

// fallBack warns about key, or about other if the annotation key is not set.
func (p *planner) fallBack(key, other, problem string) {
	annotated, ok := p.plan.Settings.SidecarResources[key]
	if !ok {
		key = other
		annotated, ok = p.plan.Settings.SidecarResources[other]
	}
	if ok {
		p.read.warn(invalidValue(annotated.Origin, key, p.read.annotation(key), "%s", problem))
	}
}
