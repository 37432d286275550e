package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

// onPath reports whether the cluster has the site in use. A site with an unknown name may be that one.
func (s Site) onPath(inUse string) bool {
	if len(s.Central.Value.Workloads) == 0 {
		return false
	}
	name := s.name()
	return name == "" || inUse == "" || name == inUse
}

// name is empty if it is unknown.
func (s Site) name() string {
	return cmp.Or(s.Config.Value.Site, checks.SiteName(s.Central.Value.Instances))
}

// standby adds a site that is not in use, and returns its problems: telemetry gets there only if the site in use fails.
func (r *Route) standby(site Site, of string) []checks.Line {
	if len(site.Central.Value.Workloads) == 0 {
		r.Hops = append(r.Hops, Hop{Stage: checks.AtSite, Name: "none", Context: of, Status: checks.Skipped, State: "this cluster has no central site"})
		return nil
	}
	for _, hop := range site.hops(of) {
		if hop.Stage == checks.AtSite {
			hop.State += "; not in use"
			r.Hops = append(r.Hops, hop)
		}
	}
	return problems(site.SitePath())
}

// hops returns the Collectors of a site, and its stores. of is the context if the site is in another cluster.
func (s Site) hops(of string) (hops []Hop) {
	if err := s.Central.Err; err != nil {
		return []Hop{{Stage: checks.AtSite, Name: "central Collectors", Context: of, Status: checks.Unknown, State: "unknown: " + fleet.Printable(err.Error())}}
	}
	for _, part := range []checks.Part{s.Central.Value, s.Samplers.Value} {
		ready, answered := read(part)
		unread := ready - answered
		for _, w := range part.Workloads {
			hop := Hop{Stage: checks.AtSite, Name: w.Object(), Context: of, Status: checks.OK, State: fmt.Sprintf("%d of %d ready", w.Ready, w.Desired)}
			if unread > 0 {
				hop.Status, hop.State = checks.Unknown, hop.State+fmt.Sprintf("; %d without metrics", unread)
			}
			if w.Ready < w.Desired && hop.Status == checks.OK {
				hop.Status = checks.Warning
			}
			switch {
			case w.Desired == 0:
				hop.Status, hop.State = checks.Failed, w.Zero()
			case w.Ready == 0:
				hop.Status = checks.Failed
			}
			hops = append(hops, hop)
		}
	}
	all := slices.Concat(s.Central.Value.Instances, s.Samplers.Value.Instances)
	for _, b := range checks.BackEnds(all) {
		hop := store(b)
		hop.Context, hop.Address = of, s.Config.Value.Address(b.Exporter)
		if hop.Address == "" && s.Config.Err != nil {
			hop.Address = "unknown"
		}
		hops = append(hops, hop)
	}
	return hops
}

func store(b checks.BackEnd) Hop {
	hop := Hop{Stage: checks.AtStore, Name: strings.TrimPrefix(checks.StoreOf(b.Exporter), "the "), Status: queueStatus(b.Fill), State: fmt.Sprintf("queue %.0f %% full", 100*b.Fill)}
	switch {
	case b.Failure != "":
		hop.Status, hop.State = checks.Failed, "does not accept data, "+hop.State
	case b.Unsure != "" && !b.Suspect:
		hop.State = "a batch waits, without an error in the log; " + hop.State
	case b.Unsure != "" && hop.Status != checks.Failed:
		hop.Status, hop.State = checks.Unknown, b.Unsure+"; "+hop.State
	}
	return hop
}

// behind describes the Collectors of the site in use.
type behind struct {
	// stopped are workloads without a ready pod that receive data from regions; doubtful are those of a site that may not
	// be the one in use.
	stopped, doubtful []string
	// waits are other workloads without a ready pod.
	waits []Hop
	// The metrics of answered of the ready Collectors were read.
	ready, answered int
}

func (b *behind) add(s Site, of string) {
	none := !slices.ContainsFunc(s.Central.Value.Workloads, func(w checks.Workload) bool { return w.Ready > 0 })
	for _, w := range slices.Concat(s.Central.Value.Workloads, s.Samplers.Value.Workloads) {
		hop := Hop{Name: w.Object(), Context: of}
		switch {
		case w.Ready > 0:
		case none && s.name() == "":
			b.doubtful = append(b.doubtful, hop.String())
		case none:
			b.stopped = append(b.stopped, hop.String())
		default:
			b.waits = append(b.waits, hop)
		}
	}
	for _, part := range []checks.Part{s.Central.Value, s.Samplers.Value} {
		ready, answered := read(part)
		b.ready, b.answered = b.ready+ready, b.answered+answered
	}
}

// read counts the ready Collectors of a part, and how many of them returned metrics.
func read(p checks.Part) (ready, answered int) {
	for _, i := range p.Instances {
		if i.Ready {
			ready++
			if i.MetricsErr == nil {
				answered++
			}
		}
	}
	return ready, answered
}
