package injector

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// leastMemory is what the Collector needs to start and to answer its liveness probe: it idles at 60
// MB, most of it the program's own pages.
const leastMemory = "64Mi"

// sidecarResources lays the annotations over the profile's resources, each resource by itself. The
// API server refuses a pod with a request above its limit, and a sidecar that cannot start may keep
// the pod from starting, so such annotations fall back.
func (b *builder) sidecarResources(profile corev1.ResourceRequirements) corev1.ResourceRequirements {
	changed := *profile.DeepCopy()
	for _, r := range []struct {
		name           corev1.ResourceName
		request, limit string
	}{{corev1.ResourceCPU, SidecarCPURequest, SidecarCPULimit}, {corev1.ResourceMemory, SidecarMemoryRequest, SidecarMemoryLimit}} {
		said := b.plan.Settings.SidecarResources
		request, limit := lay(said[r.request], profile.Requests, r.name), lay(said[r.limit], profile.Limits, r.name)
		switch {
		case request != nil && limit != nil && request.Cmp(*limit) > 0:
			b.fallBack(r.request, r.limit, fmt.Sprintf("the sidecar would request %s of %s, above its limit of %s", request, r.name, limit))
			continue
		case r.name == corev1.ResourceMemory && limit != nil && limit.Cmp(resource.MustParse(leastMemory)) < 0:
			b.fallBack(r.limit, r.limit, "the Collector needs "+leastMemory)
			continue
		}
		set(&changed.Requests, r.name, request)
		set(&changed.Limits, r.name, limit)
	}
	return changed
}

// lay is an annotation's quantity, or else the profile's; nil where neither says one.
func lay(said Setting, profile corev1.ResourceList, name corev1.ResourceName) *resource.Quantity {
	if said.Value != "" {
		q := resource.MustParse(said.Value) // acceptQuantity
		return &q
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

// fallBack warns about the one of two annotations that somebody wrote.
func (b *builder) fallBack(key, other, problem string) {
	said := b.plan.Settings.SidecarResources[key]
	if said.Value == "" {
		key, said = other, b.plan.Settings.SidecarResources[other]
	}
	if said.Value != "" {
		b.read.warn(invalidValue(said.Origin, key, said.Value, "%s", problem))
	}
}
