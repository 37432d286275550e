package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
)

// The versions of Kubernetes that matter; see package webhook for sources.
const (
	nativeSidecarsSince = "1.29"
	topologyLabelsSince = "1.35"
)

func (s Snapshot) kubernetes(r *report) {
	r.check(codeVersion)
	if r.unknown("version of the API server", s.Kubernetes.Err) {
		return
	}
	v := s.Kubernetes.Value
	older := func(than string) bool { return v.LessThan(apiversion.MustParseGeneric(than)) }
	switch {
	case older(nativeSidecarsSince):
		r.add(Warning, "upgrade the cluster", "Kubernetes %s: no native sidecars before %s, and no zone or region in variables before %s", v, nativeSidecarsSince, topologyLabelsSince)
	case older(topologyLabelsSince):
		r.ok("Kubernetes %s: zone and region cannot come from the node's labels before %s", v, topologyLabelsSince)
	default:
		r.ok("Kubernetes %s", v)
	}
	s.nodes(r)
}

func (s Snapshot) nodes(r *report) {
	r.check(codeNodes)
	if r.unknown("nodes", s.Nodes.Err) {
		return
	}
	healthy := 0
	for _, n := range s.Nodes.Value {
		switch {
		case n.DiskPressure:
			r.add(Failed, s.Kubectl+" describe node "+n.Name, "node %s has no disk space left: queues cannot grow, and pods are evicted", n.Name)
		case !n.NotReadySince.IsZero():
			r.add(Warning, s.Kubectl+" describe node "+n.Name, "node %s has not been ready since %s", n.Name, n.NotReadySince.UTC().Format("2006-01-02 15:04Z"))
		default:
			healthy++
		}
	}
	if healthy > 0 && healthy == len(s.Nodes.Value) {
		r.ok("%s %s ready and %s disk space", fleet.Count(healthy, "node"), fleet.Verb(healthy, "is", "are"), fleet.Verb(healthy, "has", "have"))
	}
}

// versions compares the running versions with the chart's, and with this program's.
func (s Snapshot) versions(r *report) {
	r.check(codeVersions)
	charts := map[string][]string{}
	for _, part := range []Answer[Part]{s.Injector, s.Collectors, s.Central, s.Samplers} {
		for _, w := range part.Value.Workloads {
			if chart := strings.TrimPrefix(w.Chart, "telepod-"); chart != "" {
				charts[chart] = append(charts[chart], w.Object())
			}
		}
	}
	switch names := slices.Sorted(maps.Keys(charts)); len(names) {
	case 0:
	case 1:
		r.ok("chart %s", names[0])
	default:
		var parts []string
		for _, chart := range names {
			parts = append(parts, fmt.Sprintf("%s: chart %s", strings.Join(charts[chart], ", "), chart))
		}
		r.add(Failed, s.upgrade(), "an upgrade changed only a part of the release: %s", strings.Join(parts, "; "))
	}
	s.runningVersions(r)
}

// runningVersions compares the versions that injectors report with the chart's label and with this program: built-in
// profiles depend on the version.
func (s Snapshot) runningVersions(r *report) {
	if len(s.Injector.Value.Workloads) == 0 {
		return
	}
	wanted := s.Injector.Value.Workloads[0].Version
	for _, i := range s.Injector.Value.Instances {
		for labels := range i.Metrics.Each("telepod_build_info") {
			if running := labels["version"]; comparable(running, wanted) && running != wanted {
				r.add(Warning, s.in("rollout status deployment/%s", s.Injector.Value.Workloads[0].Name), "pod %s runs version %s, but the chart's version is %s", i.Pod, running, wanted)
			}
		}
	}
	if cli := strings.TrimPrefix(s.CLI, "v"); comparable(cli, wanted) && cli != strings.TrimPrefix(wanted, "v") {
		r.add(Warning, "use telepod "+wanted, "this telepod is version %s, the injector is %s: their built-in profiles may differ, which makes pods look stale", cli, wanted)
	}
}

// comparable reports whether both are versions of releases.
func comparable(a, b string) bool {
	for _, v := range []string{a, b} {
		if _, err := apiversion.ParseGeneric(v); err != nil {
			return false
		}
	}
	return true
}

// Skew compares clusters: one line for each with a chart version other than the most common one.
func Skew(snapshots []Snapshot) []Line {
	count, of := map[string]int{}, map[string]string{}
	for _, s := range snapshots {
		if len(s.Injector.Value.Workloads) > 0 {
			chart := strings.TrimPrefix(s.Injector.Value.Workloads[0].Chart, "telepod-")
			of[s.Context] = chart
			count[chart]++
		}
	}
	usual := ""
	for _, chart := range slices.Sorted(maps.Keys(count)) {
		if count[chart] >= count[usual] {
			usual = chart
		}
	}
	var lines []Line
	for _, s := range snapshots {
		if chart, found := of[s.Context]; found && chart != usual {
			r := &report{context: s.Context, section: "versions"}
			r.check(codeVersions).add(Warning, s.upgrade(), "chart %s here, %s in most of the other clusters", chart, usual)
			lines = append(lines, r.lines...)
		}
	}
	return lines
}
