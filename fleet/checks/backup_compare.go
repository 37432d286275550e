package checks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compare lists what the backup lacks: it has to do what the primary does.
func (b *readiness) compare(backup, primary Snapshot) {
	before := len(b.worse)
	for _, part := range [][2]Part{{backup.Central.Value, primary.Central.Value}, {backup.Samplers.Value, primary.Samplers.Value}} {
		own, other := part[0].Workloads, part[1].Workloads
		if len(own) == 0 || len(other) == 0 {
			continue
		}
		if own[0].Chart != other[0].Chart {
			b.worse = append(b.worse, fmt.Sprintf("%s has chart %s, the primary's has %s", own[0].Object(), version(own[0]), version(other[0])))
			b.repair = cmp.Or(b.repair, backup.upgrade())
		} else if image(own[0]) != image(other[0]) {
			b.worse = append(b.worse, fmt.Sprintf("%s has image %s, the primary's has %s", own[0].Object(), image(own[0]), image(other[0])))
		}
	}
	if own, other := len(backup.Samplers.Value.Workloads) > 0, len(primary.Samplers.Value.Workloads) > 0; own != other {
		b.worse = append(b.worse, map[bool]string{true: "it has samplers, but the primary has none", false: "it has no samplers, but the primary has some"}[own])
	}
	own, other := destinations(backup), destinations(primary)
	for _, missing := range []struct {
		has, lacks map[string]bool
		text       string
	}{{other, own, "only the primary sends to "}, {own, other, "the primary does not send to "}} {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(missing.has)) {
			if !missing.lacks[name] {
				names = append(names, name)
			}
		}
		if len(names) > 0 && len(own) > 0 && len(other) > 0 { // otherwise its metrics were not read
			b.worse = append(b.worse, missing.text+strings.Join(names, ", "))
		}
	}
	if len(b.worse) == before && len(own) > 0 && len(other) > 0 {
		b.facts = append(b.facts, "same chart, image, samplers and destinations as the primary")
	}
}

// destinations returns the exporters of a site.
func destinations(s Snapshot) map[string]bool {
	found := map[string]bool{}
	for _, i := range slices.Concat(s.Central.Value.Instances, s.Samplers.Value.Instances) {
		for _, exporter := range exporters(i) {
			found[exporter] = true
		}
	}
	return found
}

func version(w Workload) string { return strings.TrimPrefix(w.Chart, "telepod-") }

func image(w Workload) string {
	if len(w.Pod.Containers) == 0 {
		return ""
	}
	return w.Pod.Containers[0].Image
}
