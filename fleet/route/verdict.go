package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/status"
)

// verdict describes how far telemetry gets. The first stage that stops it counts.
func (r Route) verdict(senders []sender, traffic *status.Traffic, b behind) (checks.Status, string) {
	if status, text, ok := unsent(senders); ok && r.halted == "" {
		return status, text
	}
	pods, collectors := r.at(checks.AtPod), r.at(checks.AtCollector)
	stopped := with(collectors, checks.Failed)
	switch {
	case len(collectors) == 0:
		return checks.Skipped, "not followed: " + pods[0].State
	case r.halted != "":
		return checks.Failed, r.halted
	case len(with(pods, checks.Failed)) > 0:
		return checks.Failed, "its telemetry gets no further than its pods: no sidecar is ready"
	case len(stopped) == len(collectors) && len(r.uncovered) > 0:
		return checks.Failed, "its telemetry is lost: no Collector on " + nodes(r.uncovered)
	case len(stopped) == len(collectors):
		return checks.Failed, "its telemetry gets no further than its pods: no Collector accepts it"
	case len(stopped) > 0:
		return checks.Failed, fmt.Sprintf("telemetry of some pods gets no further: %d of %d Collectors %s not accept it", len(stopped), len(collectors), fleet.Verb(len(stopped), "does", "do"))
	case traffic == nil:
		return checks.Unknown, "it is unknown whether its telemetry gets through: no Collector reports a site"
	}
	return r.beyond(traffic, b)
}

// beyond describes how far telemetry gets once Collectors have accepted it.
func (r Route) beyond(traffic *status.Traffic, b behind) (checks.Status, string) {
	using := 0
	for _, s := range traffic.Sites {
		using += s.Using
	}
	if traffic.Site == nil || using == 0 {
		return checks.Failed, "its telemetry waits on its Collectors: no site accepts it" + rest(unread(traffic, behind{}))
	}
	site := "the " + traffic.Site.Name + " site"
	if len(b.stopped) > 0 {
		return checks.Failed, "its telemetry waits on its Collectors: " + site + " has no ready pod of " + b.stopped[0]
	}
	if len(b.doubtful) > 0 {
		return checks.Unknown, "it is unknown whether its telemetry gets through: " + b.doubtful[0] + ", which may be " + site + ", has no ready pod"
	}
	to := "its telemetry gets through to " + site
	if total := max(traffic.Ready, traffic.Answered); using < total {
		to += fmt.Sprintf(" from %d of %d Collectors", using, total)
	}
	unknown := unread(traffic, b)
	if n := traffic.Answered - using; n > 0 {
		return checks.Failed, fmt.Sprintf("%s, and waits on %d", to, n) + rest(unknown)
	}
	stores := r.at(checks.AtStore)
	waits := append(b.waits, with(stores, checks.Failed)...)
	switch {
	case len(waits) > 0:
		return checks.Failed, to + ", and waits there for " + names(waits) + rest(unknown)
	case len(unknown) > 0:
		return checks.Unknown, to + rest(unknown)
	case len(with(stores, checks.Unknown)) > 0: // a batch may wait for a moment
		return checks.OK, to
	case len(stores) == 0 || len(with(stores, checks.Skipped)) > 0:
		return checks.OK, to + "; not all of its stores are known here"
	}
	return checks.OK, to + " and its stores"
}

// unread lists the Collectors that return no metrics.
func unread(traffic *status.Traffic, b behind) (parts []string) {
	if n := traffic.Ready - traffic.Answered; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d Collectors", n, traffic.Ready))
	}
	if n := b.ready - b.answered; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d Collectors of the site", n, b.ready))
	}
	return parts
}

func rest(unknown []string) string {
	if len(unknown) == 0 {
		return ""
	}
	return "; the rest is unknown: no metrics from " + strings.Join(unknown, " and from ")
}

// names lists hops, grouped by context.
func names(hops []Hop) string {
	by := map[string][]string{}
	var contexts []string
	for _, h := range hops {
		if by[h.Context] == nil {
			contexts = append(contexts, h.Context)
		}
		by[h.Context] = append(by[h.Context], h.Name)
	}
	var parts []string
	for _, name := range contexts {
		list := by[name]
		last := len(list) - 1
		text := list[last]
		if last > 0 {
			text = strings.Join(list[:last], ", ") + " and " + text
		}
		if name != "" {
			text += " in context " + name
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// String returns the name, with the context if the hop is in another cluster.
func (h Hop) String() string {
	if h.Context == "" {
		return h.Name
	}
	return h.Name + ", context " + h.Context
}

// at returns the hops of a stage.
func (r Route) at(stage checks.Stage) []Hop {
	return slices.DeleteFunc(slices.Clone(r.Hops), func(h Hop) bool { return h.Stage != stage })
}

func with(hops []Hop, status checks.Status) []Hop {
	return slices.DeleteFunc(slices.Clone(hops), func(h Hop) bool { return h.Status != status })
}
