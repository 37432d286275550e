package injector

import corev1 "k8s.io/api/core/v1"

// applyTyped applies the plan's edits to a typed pod, independently of the renderer of patches, to compare the two.
func applyTyped(p *Plan, pod *corev1.Pod) {
	for i := 0; i < len(p.Edits); {
		e := &p.Edits[i]
		switch e.Kind {
		case AddVariable, SetValue:
			group := p.ofContainer(i)
			container := &pod.Spec.Containers
			if e.Target.Init {
				container = &pod.Spec.InitContainers
			}
			c := &(*container)[e.Target.Index]
			c.Env = applyEnv(c.Env, group)
			i += len(group)
			continue
		case AddSidecar:
			if e.Sidecar.native {
				pod.Spec.InitContainers = append([]corev1.Container{e.Sidecar.Typed()}, pod.Spec.InitContainers...)
			} else {
				pod.Spec.Containers = append(pod.Spec.Containers[:len(pod.Spec.Containers):len(pod.Spec.Containers)], e.Sidecar.Typed())
			}
		case AddPullSecret:
			secrets := pod.Spec.ImagePullSecrets
			pod.Spec.ImagePullSecrets = append(secrets[:len(secrets):len(secrets)], corev1.LocalObjectReference{Name: e.Secret})
		case Annotate:
			if pod.Annotations == nil {
				pod.Annotations = map[string]string{}
			}
			pod.Annotations[e.Annotation.Key] = e.Annotation.Value
		}
		i++
	}
}

// applyEnv returns a new list. The edits must be in the order of their positions.
func applyEnv(user []corev1.EnvVar, edits []Edit) []corev1.EnvVar {
	list := make([]corev1.EnvVar, 0, len(user)+len(edits))
	next := 0
	for i := range edits {
		list = append(list, user[next:edits[i].At]...)
		next = edits[i].At
		if edits[i].Kind == SetValue {
			changed := user[next]
			changed.Value = edits[i].Variable.Value
			list = append(list, changed)
			next++
			continue
		}
		list = append(list, edits[i].Variable.EnvVar)
	}
	return append(list, user[next:]...)
}
