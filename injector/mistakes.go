package injector

import (
	"path"
	"slices"
	"strings"
)

func (r *settingsReader) unknownKeys() {
	known := Annotations()
	for _, at := range []struct {
		origin Origin
		values map[string]string
	}{{FromPod, r.pod.Metadata.Annotations}, {FromNamespace, r.namespace.Annotations}} {
		var unknown []string
		for key := range at.values {
			switch {
			case key == InjectKey && at.origin == FromNamespace:
				r.misplaced(at.origin, key, at.values[key], "on a namespace, use the label "+InjectionLabel+" (enabled or disabled)")
			case strings.HasPrefix(key, Domain) && key != StatusAnnotation && !slices.Contains(known, key):
				unknown = append(unknown, key)
			}
		}
		slices.Sort(unknown)
		for _, key := range unknown {
			r.warn(Warning{Reason: UnknownAnnotation, Origin: at.origin, Key: key, Value: at.values[key],
				Problem: "Telepod has no such annotation; ignored"}, known...)
		}
	}
	for _, key := range sortedKeys(r.pod.Metadata.Labels) {
		if strings.HasPrefix(key, Domain) && key != InjectKey {
			r.misplaced(FromPod, key, r.pod.Metadata.Labels[key], "it is a label, but must be an annotation; ignored")
		}
	}
}

func (r *settingsReader) misplaced(origin Origin, key, value, problem string) {
	r.warn(Warning{Reason: Misplaced, Origin: origin, Key: key, Value: value, Problem: problem})
}

// unknownContainers warns about names of containers that the pod does not have. On a namespace they are not a
// mistake, because its pods differ. A list without any known name is ignored.
func (r *settingsReader) unknownContainers(key string, list *List) {
	if list.Names == nil || list.Origin == FromNamespace {
		return
	}
	var have []string
	known := map[string]bool{}
	for _, containers := range [][]Container{r.pod.Spec.InitContainers, r.pod.Spec.Containers} {
		for i := range containers {
			have = append(have, containers[i].Name)
			known[containers[i].Name] = true
		}
	}
	var found []string
	for _, name := range list.Names {
		if known[name] {
			found = append(found, name)
			continue
		}
		r.warn(Warning{Reason: UnknownContainer, Origin: list.Origin, Key: key, Value: name,
			Problem: "the pod has no such container; the name is ignored"}, have...)
	}
	if found == nil {
		*list = List{}
		return
	}
	list.Names = found
}

func (r *settingsReader) badGlobs(key string, list *List, example string) {
	list.Names = slices.DeleteFunc(list.Names, func(glob string) bool {
		_, err := path.Match(glob, "")
		bad := err != nil || len(glob) > maxPattern
		if bad {
			r.warn(invalidValue(list.Origin, key, glob, "it is not a name or a pattern such as %s", example))
		}
		return bad
	})
}
