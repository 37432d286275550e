//go:build !injector

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/route"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/terminal"
)

// printLive prints the containers that send nothing, the verdict, the repair, other problems, the pods, and what a new pod
// would get.
func (f *explainFlags) printLive(out io.Writer, l *liveExplanation, now time.Time) error {
	_, err := io.WriteString(out, f.liveText(terminal.Of(out), l, now))
	return err
}

func (f *explainFlags) liveText(t terminal.Terminal, l *liveExplanation, now time.Time) string {
	e := explainer{Terminal: t, origins: l.origins, verbose: f.verbose}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Paint(terminal.Bold, fmt.Sprintf("%s %s/%s, context %s", l.Kind, l.Namespace, l.Name, l.context)))
	silent, others := l.problems()
	e.problems(&b, append(l.silent(), silent...))
	lost := l.route != nil && l.route.Status == checks.Failed // worse than pods that are out of date
	if lost {
		e.lead(&b, l.route)
	}
	fmt.Fprintf(&b, "  %s: %s\n", e.Paint(toneOf(l.State), string(l.State)), e.Wrap(4, l.verdict(now)))
	if l.Repair != (fleet.Repair{}) {
		fmt.Fprintf(&b, "  repair: %s\n", repairLine(l.owner, l.Repair))
	}
	if l.now.Plan.Decision.Reason == injector.DefaultDisabled {
		overwrite := ""
		if _, labelled := l.namespace.Labels[injector.InjectionLabel]; labelled {
			overwrite = "--overwrite "
		}
		fmt.Fprintf(&b, "  to inject them: kubectl%s label %snamespace %s %s=enabled%s\n", l.flags, overwrite, l.Namespace, injector.InjectionLabel, l.andRestart())
	}
	if !lost {
		e.lead(&b, l.route)
	}
	e.problems(&b, others)
	fmt.Fprintf(&b, "  namespace          %s\n", e.Wrap(21, l.labels()))
	e.pods(&b, l, now)
	e.way(&b, l.route)
	b.WriteString("a new pod now\n")
	e.verdict(&b, l.now)
	if l.now.Plan.Profile != nil {
		e.settings(&b, l.now.Plan)
		e.edits(&b, l.now)
		e.skipped(&b, l.now.Plan.Skipped)
	}
	if len(l.unread) > 0 {
		fmt.Fprintf(&b, "  %s\n", e.Wrap(2, "the webhook also leaves out variables that envFrom sets; explain does not read the keys of ConfigMap "+strings.Join(l.unread, ", ")))
	}
	return b.String()
}

// andRestart returns the end of a command that updates running pods.
func (l *liveExplanation) andRestart() string {
	if command := fleet.RepairOf(cmp.Or(l.owner, l.Identity), fleet.Bare, fleet.Template{}, l.flags).Command; command != "" && l.scale == "" {
		return " && " + command
	}
	if l.scale != "" {
		return "  # the injector is scaled to zero: start it before any restart: " + l.scale
	}
	return ""
}

// verdict describes the state in one sentence.
func (l *liveExplanation) verdict(now time.Time) string {
	switch {
	case l.Pods == 0:
		return "no pods run"
	case l.State == fleet.Current || l.State == fleet.Outside:
		return fmt.Sprintf("%s: %s", ofPods(l.Affected, l.Pods), l.Why)
	case l.Pods == 1:
		return fmt.Sprintf("its pod, %s old: %s", age(l.Since, now), l.Why)
	}
	return fmt.Sprintf("%s, the oldest %s: %s", ofPods(l.Affected, l.Pods), age(l.Since, now), l.Why)
}

func ofPods(n, all int) string {
	if all == 1 {
		return "its pod"
	}
	return fmt.Sprintf("%d of %d pods", n, all)
}

// silent lists the containers of running pods that send no telemetry, without duplicates.
func (l *liveExplanation) silent() []string {
	var list []string
	for _, finding := range l.findings {
		for _, container := range slices.Sorted(maps.Keys(finding.Status.Silent)) {
			reason := finding.Status.Silent[container]
			text := reason.Text()
			if text == string(reason) {
				text = "a reason that is unknown to this version"
			}
			line := fmt.Sprintf("%s: container %s of running pods sends no telemetry: %s", fleet.Printable(string(reason)), fleet.Printable(container), text)
			if !slices.Contains(list, line) {
				list = append(list, line)
			}
		}
	}
	return list
}

// labels describes the namespace's label and annotations that control injection.
func (l *liveExplanation) labels() string {
	var parts []string
	if value, ok := l.namespace.Labels[injector.InjectionLabel]; ok {
		text := injector.InjectionLabel + "=" + value
		if at := l.namespace.LabelledAt(); at != "" {
			text += " (since " + at + ")"
		}
		parts = append(parts, text)
	} else {
		parts = append(parts, "has no label "+injector.InjectionLabel)
	}
	for _, key := range slices.Sorted(maps.Keys(l.namespace.Annotations)) {
		if strings.HasPrefix(key, injector.Domain) {
			parts = append(parts, "annotation "+key+"="+fleet.Printable(l.namespace.Annotations[key]))
		}
	}
	return strings.Join(parts, ", ")
}

// mostPods is the maximum number of pods that are shown without -v.
const mostPods = 10

// pods shows what each pod has.
func (e explainer) pods(b *strings.Builder, l *liveExplanation, now time.Time) {
	if len(l.findings) == 0 {
		return
	}
	shown := l.findings
	if !e.verbose && len(shown) > mostPods {
		shown = shown[:mostPods]
	}
	rows := [][]terminal.Cell{terminal.Row("  POD", "STATE", "RUNS", "AGE", "HAS")}
	for _, f := range shown {
		rows = append(rows, []terminal.Cell{{Text: "  " + f.Name}, {Text: string(f.State), Tone: toneOf(f.State)}, {Text: f.Runs}, {Text: age(f.Created, now)}, {Text: has(f)}})
	}
	b.WriteString(e.Table(rows...))
	if more := len(l.findings) - len(shown); more > 0 {
		fmt.Fprintf(b, "  and %d more: -v shows them\n", more)
	}
}

// has describes the record in a pod's annotation.
func has(f fleet.Finding) string {
	if f.Has == nil {
		return "nothing"
	}
	s := f.Status
	parts := []string{f.Has.String()}
	for _, part := range []struct{ name, value string }{{"because of", string(s.Reason)}, {"endpoint", fleet.Address(s.Endpoint)}, {"protocol", s.Protocol}, {"sidecar", string(s.Sidecar)}} {
		if part.value != "" {
			parts = append(parts, part.name+" "+fleet.Printable(part.value))
		}
	}
	return strings.Join(parts, ", ")
}

// liveJSON is a workload in the JSON output.
type liveJSON struct {
	Context string `json:"context"`
	fleet.Workload
	Findings []fleet.Finding `json:"findings"`
	// Route is the path of its telemetry; absent without pods.
	Route *route.Route `json:"route,omitempty"`
	// Now is what a new pod would get, as 'telepod explain' prints it for a manifest.
	Now explanation `json:"now"`
}

func (l *liveExplanation) json() liveJSON {
	now := explained(l.now, l.origins)
	now.File, now.Line = "", 0
	now.Warnings = l.warnings()
	if l.findings == nil {
		l.findings = []fleet.Finding{}
	}
	return liveJSON{l.context, l.Workload, l.findings, l.route, now}
}
