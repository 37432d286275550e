package injector

import "strings"

// serviceName follows the order of the semantic conventions for Kubernetes: annotation; if the profile
// opts in, the labels app.kubernetes.io/instance and /name; the outermost workload; the pod. If the
// workload's name changes with every run or revision, the stable name of its controller replaces it. The
// name is empty only for a pod that the API server has yet to name.
func serviceName(pod *Pod, ns Namespace, workloads []Workload, fromLabels bool) string {
	if name := attributeAnnotation(pod, ns, "service.name"); name != "" {
		return name
	}
	if fromLabels {
		for _, label := range []string{"app.kubernetes.io/instance", "app.kubernetes.io/name"} {
			if name := pod.Metadata.Labels[label]; name != "" {
				return name
			}
		}
	}
	if name := stableName(pod.Metadata.Labels); name != "" {
		return name
	}
	if len(workloads) > 0 {
		outermost := workloads[len(workloads)-1]
		if outermost.Kind == "Job" {
			return withoutSuffix(outermost.Name)
		}
		return outermost.Name
	}
	if c := pod.controller(); c != nil && c.Name != "" {
		return controllerName(c)
	}
	return pod.Metadata.Name
}

// serviceVersion follows the same conventions: the label app.kubernetes.io/version, then the image's
// tag@digest, digest or tag. The caller handles the annotation.
func serviceVersion(pod *Pod, image string) string {
	if version := pod.Metadata.Labels["app.kubernetes.io/version"]; version != "" {
		return version
	}
	name, digest, _ := strings.Cut(image, "@")
	_, tag, ok := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	switch {
	case ok && digest != "":
		return tag + "@" + digest
	case digest != "":
		return digest
	}
	return tag
}

// attributeAnnotation returns the value of resource.opentelemetry.io/<key>. The pod's overrides the
// namespace's.
func attributeAnnotation(pod *Pod, ns Namespace, key string) string {
	if value := pod.Metadata.Annotations[ResourcePrefix+key]; value != "" {
		return value
	}
	return ns.Annotations[ResourcePrefix+key]
}
