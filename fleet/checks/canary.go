package checks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/telepod/telepod/fleet"
)

// Canary is the path of a span that was sent through a regional Collector.
type Canary struct {
	// Pod and Node are the Collector that it was sent to.
	Pod, Node string
	// Wanted is the site that it was sent to, even if another one is in use; empty if the Collector chose the site.
	Wanted string
	// Accepted is nil if the Collector acknowledged the span. That means that it is on the node's disk or, with Wanted, that
	// the site has accepted it.
	Accepted error
	// Refusal is why the site of Wanted did not accept it, according to the Collector; empty if that is unknown.
	Refusal string
	// Site is the site that has acknowledged a batch of traces since then; empty if none did before the timeout, or if it is
	// unknown because of SiteErr.
	Site    string
	SiteErr error
	// Seconds is the duration.
	Seconds float64
	// Archived reports whether the archive contains it, if Looked is true. LookErr is why the archive could not be
	// read.
	Looked, Archived bool
	LookErr          error
	// Stores are the exporters of the site in use, if its cluster was checked, too. SiteContext is the context of that cluster.
	Stores      []Delivery
	SiteContext string
	// StoresErr is why the stores could not be read. Of the site's Of Collectors, Read were read both before and after.
	StoresErr error
	Read, Of  int
}

// Busy reports whether a Collector did not send a canary because it had sent another one a moment before.
func Busy(err error) bool {
	return err != nil && strings.Contains(err.Error(), "send a canary") && strings.HasSuffix(err.Error(), "try again")
}

// Refusal explains why a site did not accept a request, from the Collector's log and its metrics before and after the
// request; empty if no request failed.
func Refusal(site string, after fleet.Instance) string {
	if !after.Twice || after.MetricsErr != nil {
		return ""
	}
	failed := 0.0
	for labels := range after.Metrics.Each(siteRequests) {
		if labels["endpoint"] == site && blames(labels["outcome"]) {
			failed += grown(after, siteRequests, labels)
		}
	}
	if failed == 0 {
		return ""
	}
	return Snapshot{}.blame([]fleet.Instance{after}, site)
}

// Delivery describes what an exporter of a site has done with spans since the canary was sent. The canary need not be among
// them: tail sampling may have dropped it.
type Delivery struct {
	Exporter string
	// Delivered: its store has accepted spans. Waits: spans are in its queue.
	Delivered, Waits bool
}

// waits returns the stores that have accepted nothing although spans wait for them.
func (c Canary) waits() (stores []string) {
	for _, d := range c.Stores {
		if d.Waits && !d.Delivered {
			stores = append(stores, fmt.Sprintf("%s (%s)", StoreOf(d.Exporter), d.Exporter))
		}
	}
	return stores
}

// behind describes the stores behind the site.
func (c Canary) behind() string {
	var accepted, nothing []string
	for _, d := range c.Stores {
		list := &nothing
		if d.Delivered {
			list = &accepted
		}
		*list = append(*list, StoreOf(d.Exporter))
	}
	of := ""
	if c.Read < c.Of {
		of = fmt.Sprintf("; only %d of %d Collectors of the site could be read", c.Read, c.Of)
	}
	switch {
	case c.StoresErr != nil:
		return fmt.Sprintf("; whether its stores accept spans is unknown: %v", c.StoresErr)
	case len(c.Stores) == 0 && c.SiteContext != "":
		return "; it has no stores for spans" + of
	case len(c.Stores) == 0:
		return "; other stores were not checked: add the context of the " + c.Site + " site to --contexts"
	case len(nothing) == 0:
		return "; " + strings.Join(accepted, ", ") + " accepted spans meanwhile, the canary or others" + of
	case len(accepted) == 0:
		return "; " + strings.Join(nothing, ", ") + " got no span meanwhile, which sampling may explain" + of
	}
	return "; " + strings.Join(accepted, ", ") + " accepted spans meanwhile, the canary or others; " + strings.Join(nothing, ", ") + " got none, which sampling may explain" + of
}

// nextStep describes where to find out why a site does not deliver.
func (c Canary) nextStep() string {
	if c.SiteContext != "" {
		return "see the back ends of context " + c.SiteContext
	}
	return "telepod check on the context of the " + c.Site + " site shows its back ends"
}

func (s Snapshot) canaries(r *report) {
	r.check(codeCanary)
	for _, c := range s.Canaries {
		place := "the Collector " + c.Pod + on(c.Node)
		inspect := s.in("logs %s --tail=50", c.Pod)
		switch {
		case c.Pod == "":
			r.add(Failed, s.in("get pods -l app.kubernetes.io/component=collector"), "canary: no regional Collector is ready to accept it")
		case c.Accepted != nil && c.Wanted != "":
			if !r.unknownRight(place, c.Accepted) {
				r.add(Failed, inspect, "canary: the %s site did not accept it from %s: %s", c.Wanted, place, cmp.Or(c.Refusal, c.Accepted.Error()))
			}
		case c.Accepted != nil:
			if !r.unknownRight(place, c.Accepted) {
				r.add(Failed, inspect, "canary: lost before the node's disk: %s did not accept it: %v", place, c.Accepted)
			}
		case c.SiteErr != nil && c.Archived:
			r.ok("canary: node and archive have it after %.1f s, through %s; the site is unknown: %v", c.Seconds, place, c.SiteErr)
		case c.SiteErr != nil:
			if !r.unknownRight(place, c.SiteErr) {
				archive := ""
				if c.Looked {
					archive = fmt.Sprintf("; the archive does not have it after %.0f s", c.Seconds)
				}
				r.add(Unknown, "", "canary: %s has it on disk; whether a site has accepted it is unknown: %v%s", place, c.SiteErr, archive)
			}
		case c.Site == "" && c.Wanted != "":
			r.add(Unknown, s.upgrade(), "canary: %s accepted it, but did not send it to the %s site: Collectors of older versions ignore --site", place, c.Wanted)
		case c.Site == "":
			r.add(Failed, inspect+" | "+aboutSites, "canary: waits on the node: %s has it on disk, but no site accepted it within %.0f s", place, c.Seconds)
		case len(c.waits()) > 0:
			r.add(Failed, c.nextStep(), "canary: waits at the %s site, which accepted it from %s, for %s", c.Site, place, strings.Join(c.waits(), ", "))
		case c.LookErr != nil:
			r.add(Unknown, "", "canary: reached the %s site through %s; whether it is archived is unknown: %v%s", c.Site, place, c.LookErr, c.behind())
		case c.Looked && !c.Archived:
			r.add(Failed, c.nextStep(), "canary: lost behind the site: the %s site accepted it from %s, and the archive does not have it after %.0f s%s", c.Site, place, c.Seconds, c.behind())
		case c.StoresErr != nil:
			archive := ""
			if c.Looked {
				archive = " and the archive"
			}
			r.add(Unknown, "", "canary: the %s site%s accepted it after %.1f s, through %s%s", c.Site, archive, c.Seconds, place, c.behind())
		case c.Looked:
			r.ok("canary: node, %s site and archive have it after %.1f s, through %s%s", c.Site, c.Seconds, place, c.behind())
		default:
			r.ok("canary: the %s site accepted it after %.1f s, through %s; the archive was not searched (--bucket)%s", c.Site, c.Seconds, place, c.behind())
		}
	}
}

// unknownRight reports a missing permission as unknown. It returns whether err was one.
func (r *report) unknownRight(what string, err error) bool {
	before := len(r.missing)
	lines := len(r.lines)
	r.unknown("canary for "+what, err)
	if r.lines[lines].Because == "" && len(r.missing) == before {
		r.lines = r.lines[:lines]
		return false
	}
	return true
}
