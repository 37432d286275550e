package drill

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Site is one of the pair.
type Site string

// The sites.
const (
	Primary Site = "primary"
	Backup  Site = "backup"
)

// Collector names a regional Collector.
type Collector struct {
	Region string `json:"region"`
	Name   string `json:"name"`
}

func (c Collector) String() string { return c.Region + "/" + c.Name }

// Sample is what a regional Collector reports about itself at one moment.
type Sample struct {
	Collector
	At time.Time
	// Sent counts the spans that each site accepted, since the Collector started. Failed counts the requests of
	// any signal that a site did not answer, or answered with a failure of its own.
	Sent, Failed map[Site]float64
	// Queued is what waits on its disk, in bytes.
	Queued float64
}

// Event is something that was done or seen.
type Event struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// watch is what is known of one Collector.
type watch struct {
	last       Sample
	using      Site
	noticed    time.Time // first sign of the failure: a try that failed, or data at the other site
	movedOver  time.Time // first data at the backup after the failure
	cameBack   time.Time // first data at the primary after the restoration
	mostQueued float64
}

// course follows all Collectors through a drill. Times are those of the samples, so that what is
// measured is at most one interval too long.
type course struct {
	watched  map[Collector]*watch
	failed   time.Time
	restored time.Time
	ready    time.Time
	events   []Event
}

func newCourse(collectors []Collector) *course {
	c := &course{watched: map[Collector]*watch{}}
	for _, collector := range collectors {
		c.watched[collector] = &watch{}
	}
	return c
}

func (c *course) say(at time.Time, format string, args ...any) {
	c.events = append(c.events, Event{at, fmt.Sprintf(format, args...)})
}

// observe takes a sample in. Those of Collectors that are not watched are ignored.
func (c *course) observe(s Sample) {
	w := c.watched[s.Collector]
	if w == nil {
		return
	}
	last := w.last
	w.last = s
	w.mostQueued = max(w.mostQueued, s.Queued)
	if last.At.IsZero() {
		return
	}
	if grown(last.Failed, s.Failed)[Primary] && c.isDown() {
		c.notice(w, s, "a request to the primary failed")
	}
	c.moved(w, s, grown(last.Sent, s.Sent))
}

// moved follows where data went since the last sample. When it went to both, what counts is the site
// that was not in use: the Collector is moving there.
func (c *course) moved(w *watch, s Sample, sent map[Site]bool) {
	for _, site := range []Site{Primary, Backup} {
		if !sent[site] || site == w.using {
			continue
		}
		if w.using != "" {
			c.say(s.At, "%s moves from the %s to the %s", s.Collector, w.using, site)
		}
		w.using = site
		break
	}
	if sent[Backup] && c.isDown() {
		c.notice(w, s, "data goes to the backup")
		first(&w.movedOver, s.At)
	}
	if sent[Primary] && !c.restored.IsZero() {
		first(&w.cameBack, s.At)
	}
}

func (c *course) notice(w *watch, s Sample, how string) {
	if w.noticed.IsZero() {
		c.say(s.At, "%s notices: %s", s.Collector, how)
	}
	first(&w.noticed, s.At)
}

func first(at *time.Time, now time.Time) {
	if at.IsZero() {
		*at = now
	}
}

// grown tells which counters have risen. One that is lower than before began anew with its Collector.
func grown(before, now map[Site]float64) map[Site]bool {
	sites := map[Site]bool{}
	for site, value := range now {
		sites[site] = value > before[site] || value < before[site] && value > 0
	}
	return sites
}

// isDown tells whether the primary is failed now.
func (c *course) isDown() bool { return !c.failed.IsZero() && c.restored.IsZero() }

// not lists the Collectors for which something does not hold.
func (c *course) not(holds func(*watch) bool) []Collector {
	var others []Collector
	for collector, w := range c.watched {
		if !holds(w) {
			others = append(others, collector)
		}
	}
	slices.SortFunc(others, compareCollectors)
	return others
}

func compareCollectors(a, b Collector) int {
	return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Name, b.Name))
}

func onPrimary(w *watch) bool { return w.using == Primary }
func movedOver(w *watch) bool { return !w.movedOver.IsZero() }
func cameBack(w *watch) bool  { return !w.cameBack.IsZero() }
