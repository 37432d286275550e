package drill

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Site is one of the two central sites.
type Site string

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
	// Sent counts the spans that each site accepted since the Collector started. Failed counts requests of any
	// signal to which a site did not respond, or responded with a server error.
	Sent, Failed map[Site]float64
	// Queued is the size of the queue on disk, in bytes.
	Queued float64
}

// Event is an action of the drill or an observation.
type Event struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// watch is the state of one Collector.
type watch struct {
	last       Sample
	using      Site
	noticed    time.Time // first sign of the failure: a failed request, or data at the backup
	movedOver  time.Time // first data at the backup after the failure
	cameBack   time.Time // first data at the primary after the restoration
	mostQueued float64
}

// course is the state of all Collectors during a drill. Times are those of the samples, so measured times are
// at most one interval too long.
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

func (c *course) logf(at time.Time, format string, args ...any) {
	c.events = append(c.events, Event{at, fmt.Sprintf(format, args...)})
}

// observe processes a sample. It ignores Collectors that are not watched.
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
	if increased(last.Failed, s.Failed)[Primary] && c.isDown() {
		c.notice(w, s, "a request to the primary failed")
	}
	c.moved(w, s, increased(last.Sent, s.Sent))
}

// moved detects where data went since the last sample. If it went to both sites, the one that was not in use
// counts: the Collector is moving there.
func (c *course) moved(w *watch, s Sample, sent map[Site]bool) {
	for _, site := range []Site{Primary, Backup} {
		if !sent[site] || site == w.using {
			continue
		}
		if w.using != "" {
			c.logf(s.At, "%s moves from the %s to the %s", s.Collector, w.using, site)
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
		c.logf(s.At, "%s notices: %s", s.Collector, how)
	}
	first(&w.noticed, s.At)
}

func first(at *time.Time, now time.Time) {
	if at.IsZero() {
		*at = now
	}
}

// increased returns the counters that increased. A counter that decreased was reset: its Collector restarted.
func increased(before, now map[Site]float64) map[Site]bool {
	sites := map[Site]bool{}
	for site, value := range now {
		sites[site] = value > before[site] || value < before[site] && value > 0
	}
	return sites
}

// isDown reports whether the primary is currently failed.
func (c *course) isDown() bool { return !c.failed.IsZero() && c.restored.IsZero() }

// except returns the Collectors that do not satisfy a condition.
func (c *course) except(ok func(*watch) bool) []Collector {
	var others []Collector
	for collector, w := range c.watched {
		if !ok(w) {
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
