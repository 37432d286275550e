package checks

// Canary is the path of a span that was sent through a regional Collector.
type Canary struct {
	// Pod and Node are where it was sent to.
	Pod, Node string
	// Accepted is nil if the Collector acknowledged the span, which means that it is on the node's disk.
	Accepted error
	// Site is the one that has acknowledged a batch of traces since then; empty if none has before the timeout.
	Site string
	// Seconds is the duration.
	Seconds float64
	// Archived reports whether the archive contains it, if Looked is true. LookErr is why the archive could not be
	// read.
	Looked, Archived bool
	LookErr          error
}

func (s Snapshot) canaries(r *report) {
	r.check(codeCanary)
	for _, c := range s.Canaries {
		place := "the Collector " + c.Pod + on(c.Node)
		look := s.in("logs %s --tail=50", c.Pod)
		switch {
		case c.Pod == "":
			r.add(Failed, s.in("get pods -l app.kubernetes.io/component=collector"), "canary: no regional Collector is ready to accept it")
		case c.Accepted != nil:
			if !r.unknownRight(place, c.Accepted) {
				r.add(Failed, look, "canary: lost before the node's disk: %s did not accept it: %v", place, c.Accepted)
			}
		case c.Site == "":
			r.add(Failed, look+" | grep -i endpoint", "canary: waits on the node: %s has it on disk, and no site has accepted it within %.0f s", place, c.Seconds)
		case c.LookErr != nil:
			r.add(Unknown, "", "canary: reached the %s site through %s; whether it is archived is not known: %v", c.Site, place, c.LookErr)
		case c.Looked && !c.Archived:
			r.add(Failed, "telepod check on the context of the "+c.Site+" site shows its back ends", "canary: lost behind the site: the %s site accepted it from %s, and the archive does not have it after %.0f s", c.Site, place, c.Seconds)
		case c.Looked:
			r.ok("canary: node, %s site and archive have it after %.1f s, through %s; other stores were not looked at", c.Site, c.Seconds, place)
		default:
			r.ok("canary: the %s site accepted it after %.1f s, through %s; stores were not looked at (--bucket)", c.Site, c.Seconds, place)
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
