package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

func (s Snapshot) pods(r *report) {
	s.namespaces(r.check(codeNamespaces))
	s.others(r.check(codeOthers))
	if r.check(codeOutOfDate).unknown("workloads", s.OutOfDate.Err) {
		return
	}
	var parts []string
	for _, state := range fleet.States() {
		if n := s.OutOfDate.Value[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) > 0 {
		r.add(Warning, "telepod stale -A"+s.selection(), "workloads out of date: %s", strings.Join(parts, ", "))
		return
	}
	r.ok("every pod is up to date")
}

// others lists other injectors. They are not a problem: Telepod does not change their settings.
func (s Snapshot) others(r *report) {
	if text := s.Others.Sentence(); text != "" {
		r.ok("%s", text)
	}
}

// selection returns telepod's flags that select the cluster, which are also kubectl's.
func (s Snapshot) selection() string { return strings.TrimPrefix(s.Kubectl, "kubectl") }

func (s Snapshot) namespaces(r *report) {
	if r.unknown("namespaces and their pods", s.Pods.Err) {
		return
	}
	label := func(namespace string) string {
		return fmt.Sprintf("%s label --overwrite namespace %s %s=enabled", s.Kubectl, namespace, injector.InjectionLabel)
	}
	var enabled []string
	for _, namespace := range slices.Sorted(maps.Keys(s.Pods.Value.Labels)) {
		switch value := s.Pods.Value.Labels[namespace]; value {
		case "enabled":
			enabled = append(enabled, namespace)
		case "disabled":
		default:
			r.add(Failed, label(namespace), "namespace %s has the label %s: %s, which is not a valid value: use enabled or disabled", namespace, injector.InjectionLabel, value)
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(s.Pods.Value.Injected)) {
		if _, labelled := s.Pods.Value.Labels[namespace]; !labelled && !s.ByDefault {
			r.add(Failed, label(namespace), "namespace %s has %s and no label %s: new pods start bare", namespace, fleet.Count(s.Pods.Value.Injected[namespace], "injected pod"), injector.InjectionLabel)
		}
	}
	if s.ByDefault {
		r.ok("all namespaces are injected, except those with %s: disabled", injector.InjectionLabel)
	} else if len(enabled) > 0 {
		r.ok("namespaces that opt in: %d (%s)", len(enabled), named(enabled))
	} else if r.lines[len(r.lines)-1].Code != codeNamespaces && s.Profiles.Err == nil {
		r.add(Warning, label("NAME"), "no namespace has the label %s: enabled", injector.InjectionLabel)
	}
}
