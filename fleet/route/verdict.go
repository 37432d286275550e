package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/status"
)

// verdict is how far telemetry gets. The first stage that stops it counts.
func (r Route) verdict(traffic *status.Traffic) (checks.Status, string) {
	pods, collectors := r.at(checks.AtPod), r.at(checks.AtCollector)
	stopped := with(collectors, checks.Failed)
	switch {
	case len(collectors) == 0:
		return checks.Skipped, "not followed: " + pods[0].State
	case len(with(pods, checks.Failed)) > 0:
		return checks.Failed, "its telemetry gets no further than its pods: no sidecar is ready"
	case len(stopped) == len(collectors):
		return checks.Failed, "its telemetry gets no further than its pods: no Collector accepts it"
	case len(stopped) > 0:
		return checks.Failed, fmt.Sprintf("telemetry of some pods gets no further: %d of %d Collectors do not accept it", len(stopped), len(collectors))
	case traffic == nil:
		return checks.Unknown, "it is not known whether its telemetry gets through: no Collector reports a site"
	}
	return r.beyond(traffic)
}

// beyond is how far telemetry gets that Collectors have accepted.
func (r Route) beyond(traffic *status.Traffic) (checks.Status, string) {
	using := 0
	for _, s := range traffic.Sites {
		using += s.Using
	}
	if traffic.Site == nil || using == 0 {
		return checks.Failed, "its telemetry waits on its Collectors: no site accepts it"
	}
	to := "its telemetry gets through to the " + traffic.Site.Name + " site"
	if using < traffic.Answered {
		return checks.Failed, fmt.Sprintf("%s from %d of %d Collectors, and waits on the others", to, using, traffic.Answered)
	}
	stores := r.at(checks.AtStore)
	var waits []string
	for _, hop := range with(stores, checks.Failed) {
		waits = append(waits, hop.Name)
	}
	switch {
	case len(waits) > 0:
		return checks.Failed, to + ", and waits there for " + strings.Join(waits, ", ")
	case len(stores) == 0 || len(with(stores, checks.OK)) < len(stores):
		return checks.OK, to + "; not all of its stores are known here"
	}
	return checks.OK, to + " and its stores"
}

// at are the hops of a stage.
func (r Route) at(stage checks.Stage) []Hop {
	return slices.DeleteFunc(slices.Clone(r.Hops), func(h Hop) bool { return h.Stage != stage })
}

func with(hops []Hop, status checks.Status) []Hop {
	return slices.DeleteFunc(slices.Clone(hops), func(h Hop) bool { return h.Status != status })
}
