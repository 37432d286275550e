package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

// podLines returns the problems of pods that do not run or are not ready, one for each reason.
func (f Facts) podLines() (lines []checks.Line) {
	by := map[string][]*fleet.Pod{}
	var reasons []string
	for _, pod := range f.Pods {
		if _, injected := pod.Injection(); !injected || pod.Condition.Well {
			continue
		}
		reason := pod.Condition.Reason
		if by[reason] == nil {
			reasons = append(reasons, reason)
		}
		by[reason] = append(by[reason], pod)
	}
	for _, reason := range reasons {
		list := by[reason]
		line := checks.Line{Context: f.Cluster.Context, Section: "pods", Code: checks.CodeWorkload, Status: checks.Warning, Seen: fleet.Count(len(list), "pod") + ": " + list[0].Condition.String(),
			Repair: fmt.Sprintf("%s -n %s describe pod %s", f.Cluster.Kubectl, list[0].Metadata.Namespace, list[0].Metadata.Name)}
		if strings.HasPrefix(reason, "CrashLoopBackOff") || strings.HasPrefix(reason, "Error") {
			line.Repair = fmt.Sprintf("%s -n %s logs %s --all-containers --previous --tail=20", f.Cluster.Kubectl, list[0].Metadata.Namespace, list[0].Metadata.Name)
		}
		if list[0].Condition.Halted {
			line.Seen += ": " + fleet.Verb(len(list), "it sends", "they send") + " nothing"
		}
		lines = append(lines, line)
	}
	return lines
}

// halted returns the verdict if no pod runs; empty if a pod runs, or may run.
func halted(pods []*fleet.Pod) string {
	if len(pods) == 0 || slices.ContainsFunc(pods, func(p *fleet.Pod) bool { return !p.Condition.Halted }) {
		return ""
	}
	if len(pods) == 1 {
		return "it sends nothing: its pod does not run: " + pods[0].Condition.String()
	}
	return fmt.Sprintf("it sends nothing: none of its %d pods runs: %s", len(pods), pods[0].Condition.String())
}

func nodes(names []string) string {
	const most = 3
	if len(names) <= most {
		return fleet.Verb(len(names), "node ", "nodes ") + strings.Join(names, ", ")
	}
	return fmt.Sprintf("%d nodes: %s, …", len(names), strings.Join(names[:most], ", "))
}
