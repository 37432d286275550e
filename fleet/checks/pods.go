package checks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

func (s Snapshot) pods(r *report) {
	s.namespaces(r.check(codeNamespaces))
	s.settings(r.check(codeSettings))
	s.sending(r.check(CodeSending))
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
		seen := "workloads out of date: " + strings.Join(parts, ", ")
		if s.OutOfDate.Value[fleet.Bare] > 0 {
			seen += "; bare pods send nothing through Telepod"
		}
		r.add(Warning, s.restart(), "%s", seen)
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

// restart returns the command that restarts the workloads that are out of date, or lists them if none can be restarted.
func (s Snapshot) restart() string {
	flags := ""
	for _, state := range []fleet.State{fleet.Stale, fleet.Bare} {
		if s.OutOfDate.Value[state] > 0 {
			flags += " --" + string(state)
		}
	}
	if flags == "" {
		return "telepod stale -A" + s.selection()
	}
	return "telepod restart" + flags + " -A" + s.selection()
}

// settings lists workloads with settings that Telepod ignores, or that contradict the cluster's.
func (s Snapshot) settings(r *report) {
	var found []string
	repair := ""
	for _, w := range s.Remarkable {
		if len(w.Mistakes) == 0 {
			continue
		}
		found = append(found, objectOf(w)+": "+w.Mistakes[0])
		if repair == "" {
			repair = fmt.Sprintf("telepod explain %s/%s -n %s%s", strings.ToLower(w.Kind), w.Name, w.Namespace, s.selection())
		}
	}
	if len(found) > 0 {
		r.add(Warning, repair, "%s %s mistakes in %s settings: %s", fleet.Count(len(found), "workload"), fleet.Verb(len(found), "has", "have"), fleet.Verb(len(found), "its", "their"), firstOf(found))
	}
}

// sending lists workloads whose own variables turn traces off, which is a problem, or send telemetry elsewhere.
func (s Snapshot) sending(r *report) {
	var off, elsewhere []string
	repair := ""
	for _, w := range s.Remarkable {
		for _, one := range w.Sends {
			switch {
			case one.Fate == fleet.TurnedOff && slices.Contains(one.Signals, "traces"):
				off = append(off, objectOf(w)+": "+one.String())
				repair = cmp.Or(repair, one.Repair(s.Kubectl, w.Identity))
			case one.Fate == fleet.Elsewhere:
				elsewhere = append(elsewhere, objectOf(w)+": "+one.String())
			}
		}
	}
	if len(off) > 0 {
		r.add(Warning, repair, "injected, but %s no traces: %s", fleet.Verb(len(off), "it sends", "they send"), firstOf(off))
	}
	if len(elsewhere) > 0 {
		r.ok("injected, with %s: %s", fleet.Verb(len(elsewhere), "an endpoint or exporter of its own", "endpoints or exporters of their own"), firstOf(elsewhere))
	}
}

func objectOf(w *fleet.Workload) string {
	return w.Namespace + "/" + strings.ToLower(w.Kind) + "/" + w.Name
}

// firstOf joins the first texts of a list.
func firstOf(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(list[:most], "; "), len(list)-most)
}

func (s Snapshot) namespaces(r *report) {
	if r.unknown("namespaces and their pods", s.Pods.Err) {
		return
	}
	label := func(namespace string) string {
		return fmt.Sprintf("%s label --overwrite namespace %s %s=enabled", s.Kubectl, namespace, injector.InjectionLabel)
	}
	then := func(namespace string) string {
		return fmt.Sprintf("then restart its bare pods: telepod restart --bare -n %s%s", namespace, s.selection())
	}
	var enabled []string
	for _, namespace := range slices.Sorted(maps.Keys(s.Pods.Value.Labels)) {
		switch value := s.Pods.Value.Labels[namespace]; value {
		case "enabled":
			enabled = append(enabled, namespace)
		case "disabled":
		default:
			r.add(Failed, label(namespace), "namespace %s has the label %s: %s, which is not a valid value: use enabled or disabled, and %s", namespace, injector.InjectionLabel, value, then(namespace))
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(s.Pods.Value.Injected)) {
		if _, labelled := s.Pods.Value.Labels[namespace]; !labelled && !s.ByDefault {
			r.add(Failed, label(namespace), "namespace %s has %s and no label %s: new pods start bare; set it, and %s", namespace, fleet.Count(s.Pods.Value.Injected[namespace], "injected pod"), injector.InjectionLabel, then(namespace))
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
