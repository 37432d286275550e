package status

import (
	"fmt"
	"maps"
	"slices"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

// mostProblems limits the problems of one kind that are listed.
const mostProblems = 5

// problems describes namespaces whose new pods start bare although they seem to opt in, and the states of pods.
func (p Pods) problems() (list []Problem) {
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		list = append(list, Problem{Severe: true, Text: fmt.Sprintf("namespace %s has the label %s: %s, which is not a valid value: use enabled or disabled",
			fleet.Printable(name), injector.InjectionLabel, fleet.Printable(p.Labels[name]))})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Unlabelled)) {
		list = append(list, Problem{Severe: true, Text: fmt.Sprintf("namespace %s has %s and no label %s: new pods start bare",
			fleet.Printable(name), fleet.Count(p.Unlabelled[name], "injected pod"), injector.InjectionLabel)})
	}
	list = shorten(list, "more namespaces have a missing or invalid label")
	for _, state := range []struct {
		n    int
		what fleet.State
	}{{p.Refused, fleet.Refused}, {p.Bare, fleet.Bare}, {p.Stale, fleet.Stale}} {
		if state.n > 0 {
			list = append(list, Problem{Severe: false, Text: fmt.Sprintf("%s %s", fleet.Count(state.n, "pod"), state.what)})
		}
	}
	return list
}

// uncovered lists nodes without a Collector whose pods send to one. If the DaemonSet wants more pods than there are, one may
// be about to start.
func uncovered(r Reading) (list []Problem) {
	wanted, daemonSet := 0, false
	for _, w := range r.Collectors.Value {
		wanted, daemonSet = wanted+w.Desired, daemonSet || w.Kind == "DaemonSet"
	}
	if !daemonSet || r.Collectors.Err != nil || r.Pods.Err != nil || r.Later.Err != nil {
		return nil
	}
	covered := map[string]bool{}
	for _, c := range r.Later.Collectors {
		covered[c.Node] = true
	}
	for _, node := range slices.Sorted(maps.Keys(r.Pods.Value.ToNode)) {
		if n := r.Pods.Value.ToNode[node]; !covered[node] {
			list = append(list, Problem{Severe: len(r.Later.Collectors) >= wanted, Text: fmt.Sprintf("node %s has no Collector, and %d of its pods %s to one: 'telepod check' shows why",
				fleet.Printable(node), n, fleet.Verb(n, "sends", "send"))})
		}
	}
	return shorten(list, "more nodes have no Collector for their pods")
}

// shorten replaces the end of a long list by its number.
func shorten(list []Problem, more string) []Problem {
	if len(list) <= mostProblems {
		return list
	}
	return append(list[:mostProblems:mostProblems], Problem{Severe: list[0].Severe, Text: fmt.Sprintf("%d %s", len(list)-mostProblems, more)})
}
