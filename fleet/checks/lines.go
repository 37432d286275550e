package checks

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
)

// Status is how bad a line is.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	// Unknown: it could not be read.
	Unknown Status = "unknown"
	Failed  Status = "failed"
)

// Line is one thing that was looked at.
type Line struct {
	Section string `json:"section"`
	Status  Status `json:"status"`
	// Seen is what was found, without a full stop.
	Seen string `json:"seen"`
	// Repair is a command for a shell, or what else to do; empty if there is nothing to do.
	Repair string `json:"repair,omitempty"`
}

// report collects lines of one section.
type report struct {
	section string
	lines   []Line
}

func (r *report) add(status Status, repair, format string, args ...any) {
	r.lines = append(r.lines, Line{r.section, status, oneLine(fmt.Sprintf(format, args...)), repair})
}

// longestLine bounds what is shown of texts that come from the cluster, in bytes.
const longestLine = 1000

// oneLine is a text without control characters, which terminals obey.
func oneLine(text string) string {
	if len(text) > longestLine {
		text = strings.ToValidUTF8(text[:longestLine], "") + "…"
	}
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)), " ")
}

// unknown reports whether something could not be read, and says so.
func (r *report) unknown(what string, err error) bool {
	if err != nil {
		r.add(Unknown, "", "%s: not known: %v", what, err)
	}
	return err != nil
}

// Lines judges the snapshot, in the order in which a cause comes before its effects.
func (s Snapshot) Lines() []Line {
	r := &report{}
	for _, section := range []struct {
		name string
		fill func(*report)
	}{{"cluster", s.kubernetes}, {"injector", s.injector}, {"webhook", s.webhook}, {"collectors", s.collectors}, {"pods", s.pods}} {
		r.section = section.name
		section.fill(r)
	}
	return r.lines
}

// The versions of Kubernetes that matter; package webhook has their sources.
const (
	nativeSidecarsSince = "1.29"
	topologyLabelsSince = "1.35"
)

func (s Snapshot) kubernetes(r *report) {
	if r.unknown("version of the API server", s.Kubernetes.Err) {
		return
	}
	v := s.Kubernetes.Value
	older := func(than string) bool { return v.LessThan(apiversion.MustParseGeneric(than)) }
	switch {
	case older(nativeSidecarsSince):
		r.add(Warning, "", "Kubernetes %s: no native sidecars before %s, and no zone or region in variables before %s", v, nativeSidecarsSince, topologyLabelsSince)
	case older(topologyLabelsSince):
		r.add(OK, "", "Kubernetes %s: zone and region cannot come from the node's labels before %s", v, topologyLabelsSince)
	default:
		r.add(OK, "", "Kubernetes %s", v)
	}
}

func (s Snapshot) injector(r *report) {
	if r.unknown("the injector", s.Injector.Err) {
		return
	}
	if len(s.Injector.Value) == 0 {
		r.add(Failed, "check --release and --telepod-namespace, or install the chart", "release %s in namespace %s has no injector: no pod is injected", s.Release, s.Namespace)
		return
	}
	for _, w := range s.Injector.Value {
		s.workload(r, w, "pods are created without injection")
	}
	switch p := s.Profiles; {
	case r.unknown("profiles", p.Err):
	case p.Value.Mistakes != "":
		r.add(Failed, "correct profiles in the chart's values, and run helm upgrade", "profiles: %s", p.Value.Mistakes)
	default:
		r.add(OK, "", "%d profiles are valid", p.Value.Valid)
	}
}

// workload judges replicas. Without any, effect is what happens.
func (s Snapshot) workload(r *report, w Workload, effect string) {
	name := strings.ToLower(w.Kind) + "/" + w.Name
	look := fmt.Sprintf("kubectl -n %s describe pods -l app.kubernetes.io/instance=%s", s.Namespace, s.Release)
	switch {
	case w.Desired == 0 && w.Kind == "DaemonSet":
		r.add(Failed, "check nodeSelector and tolerations in the chart's values", "%s: no node should have one", name)
	case w.Desired == 0:
		r.add(Failed, fmt.Sprintf("kubectl -n %s scale %s --replicas=2", s.Namespace, name), "%s is scaled to zero: %s", name, effect)
	case w.Ready == 0:
		r.add(Failed, look, "%s: 0 of %d ready: %s", name, w.Desired, effect)
	case w.Ready < w.Desired:
		r.add(Warning, look, "%s: %d of %d ready", name, w.Ready, w.Desired)
	case w.Desired == 1 && w.Kind == "Deployment":
		r.add(Warning, fmt.Sprintf("kubectl -n %s scale %s --replicas=2", s.Namespace, name), "%s: one replica, so that no other answers while it restarts", name)
	default:
		r.add(OK, "", "%s: %d of %d ready", name, w.Ready, w.Desired)
	}
	for i, trouble := range w.Troubles {
		if i == mostTroubles {
			r.add(Warning, look, "and %d more pods that are not ready", len(w.Troubles)-i)
			break
		}
		r.add(Warning, "", "%s", trouble)
	}
}

// mostTroubles is how many pods are named for a workload.
const mostTroubles = 5

func (s Snapshot) collectors(r *report) {
	if r.unknown("regional Collectors", s.Collectors.Err) {
		return
	}
	if len(s.Collectors.Value) == 0 {
		r.add(Warning, "", "the release has no regional Collectors: pods need another endpoint")
	}
	for _, w := range s.Collectors.Value {
		s.workload(r, w, "telemetry of its pods is lost")
	}
}

func (s Snapshot) pods(r *report) {
	if !r.unknown("labelled namespaces", s.Labelled.Err) {
		if n := len(s.Labelled.Value); n == 0 {
			r.add(Warning, "kubectl label namespace NAME telepod.dev/injection=enabled", "no namespace has the label telepod.dev/injection: enabled")
		} else {
			r.add(OK, "", "namespaces that opt in: %d (%s%s)", n, strings.Join(s.Labelled.Value[:min(n, mostTroubles)], ", "), more(n))
		}
	}
	if r.unknown("workloads", s.OutOfDate.Err) {
		return
	}
	var parts []string
	for _, state := range fleet.States() {
		if n := s.OutOfDate.Value[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) > 0 {
		r.add(Warning, "telepod stale -A", "workloads out of date: %s", strings.Join(parts, ", "))
		return
	}
	r.add(OK, "", "every pod has what it would get now")
}

func more(n int) string {
	if n > mostTroubles {
		return ", …"
	}
	return ""
}

// Worst is the worst status among lines.
func Worst(lines []Line) Status {
	for _, status := range []Status{Failed, Unknown, Warning} {
		if slices.ContainsFunc(lines, func(l Line) bool { return l.Status == status }) {
			return status
		}
	}
	return OK
}
