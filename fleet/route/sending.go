package route

import (
	"slices"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

// unsent judges pods of which none certainly sends to Telepod, because of variables in their containers. ok is false if
// there are other pods, or other reasons.
func unsent(senders []sender) (status checks.Status, verdict string, ok bool) {
	off := true
	for _, s := range senders {
		switch {
		case s.unsure:
			return checks.Unknown, s.reasons(), true
		case !s.away:
			return "", "", false
		}
		if verdict == "" {
			verdict = s.reasons()
		}
		off = off && !slices.ContainsFunc(s.choices, func(c fleet.Sending) bool { return c.Fate != fleet.TurnedOff })
	}
	switch {
	case verdict == "":
		return "", "", false
	case off:
		return checks.Failed, "it sends nothing: " + verdict, true
	}
	return checks.Warning, verdict, true
}

// sendingLines returns the problems of containers whose variables keep telemetry from Telepod. Metrics or logs that are
// turned off are not a problem: many services send only traces.
func (f Facts) sendingLines(senders []sender) (lines []checks.Line) {
	for _, s := range senders {
		for _, c := range s.choices {
			if c.Fate == fleet.TurnedOff && !slices.Contains(c.Signals, "traces") {
				continue
			}
			line := checks.Line{Context: f.Cluster.Context, Section: "pods", Code: checks.CodeSending, Status: checks.Warning, Seen: c.String(),
				Repair: c.Repair(f.Cluster.Kubectl, fleet.IdentityOf(s.pod.Pod))}
			if c.Fate == fleet.Unclear {
				line.Status = checks.Unknown
			}
			if !slices.ContainsFunc(lines, func(l checks.Line) bool { return l.Seen == line.Seen }) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// qualified limits a verdict that is good for all hops behind the pods to what the pods send.
func (r *Route) qualified(senders []sender, lines []checks.Line) {
	if r.Status != checks.OK && r.Status != checks.Warning {
		return
	}
	if _, _, none := unsent(senders); none {
		return
	}
	if len(lines) > 0 {
		r.Verdict += "; but " + lines[0].Seen
		r.Status = checks.Warning
		if slices.ContainsFunc(lines, func(l checks.Line) bool { return l.Status == checks.Unknown }) {
			r.Status = checks.Unknown
		}
		return
	}
	for _, s := range senders {
		if s.envFrom != "" {
			r.Verdict += ", unless envFrom of container " + fleet.Printable(s.envFrom) + " changes that"
			return
		}
	}
}
