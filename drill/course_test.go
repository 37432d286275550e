package drill

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// sample returns a sample: spans sent to the primary and the backup, and failed requests to the primary.
func sample(seconds, primary, backup, failed float64) Sample {
	return Sample{
		Collector: Collector{"eu", "a"}, At: at(seconds),
		Sent:   map[Site]float64{Primary: primary, Backup: backup},
		Failed: map[Site]float64{Primary: failed},
		Queued: failed * 100,
	}
}

// TestCourse follows one Collector; the primary fails at 10 s and is restored at 20 s.
func TestCourse(t *testing.T) {
	for name, c := range map[string]struct {
		samples []Sample
		want    string // noticed, moved over, came back, using, most queued
	}{
		"nothing is sent":              {[]Sample{sample(1, 5, 0, 0), sample(2, 5, 0, 0)}, "- - -  0"},
		"a first sample shows nothing": {[]Sample{sample(11, 5, 7, 3)}, "- - -  300"},
		"primary only":                 {[]Sample{sample(1, 5, 0, 0), sample(2, 6, 0, 0), sample(11, 7, 0, 0)}, "- - - primary 0"},
		"failover":                     {[]Sample{sample(9, 5, 0, 0), sample(11, 6, 0, 1), sample(12, 6, 4, 1)}, "1.0 2.0 - backup 100"},
		"no failed request is seen":    {[]Sample{sample(9, 5, 0, 0), sample(12, 5, 1, 0)}, "2.0 2.0 - backup 0"},
		"a failed request earlier":     {[]Sample{sample(1, 5, 0, 0), sample(2, 5, 0, 9)}, "- - -  900"},
		"and return":                   {[]Sample{sample(9, 5, 0, 0), sample(12, 5, 1, 0), sample(21, 5, 2, 0), sample(22.5, 6, 2, 0), sample(23, 7, 2, 0)}, "2.0 2.0 2.5 primary 0"},
		"on the backup all the time":   {[]Sample{sample(1, 5, 1, 0), sample(2, 5, 2, 0), sample(11, 5, 3, 0)}, "1.0 1.0 - backup 0"},
		"to both: it is moving":        {[]Sample{sample(1, 5, 0, 0), sample(9, 6, 0, 0), sample(11, 7, 1, 0)}, "1.0 1.0 - backup 0"},
		"the Collector restarted":      {[]Sample{sample(1, 500, 0, 0), sample(9, 600, 0, 0), sample(11, 0, 40, 2)}, "1.0 1.0 - backup 200"},
		"it restarted with zero":       {[]Sample{sample(1, 500, 9, 0), sample(9, 600, 9, 0), sample(11, 0, 0, 0)}, "- - - primary 0"},
	} {
		t.Run(name, func(t *testing.T) {
			course := newCourse([]Collector{{"eu", "a"}})
			for _, s := range c.samples {
				if s.At.After(at(10)) {
					course.failed = at(10)
				}
				if s.At.After(at(20)) {
					course.restored = at(20)
				}
				course.observe(s)
			}
			w := course.watched[Collector{"eu", "a"}]
			since := func(from, to time.Time) string {
				if to.IsZero() {
					return "-"
				}
				return fmt.Sprintf("%.1f", to.Sub(from).Seconds())
			}
			got := fmt.Sprintf("%s %s %s %s %.0f", since(at(10), w.noticed), since(at(10), w.movedOver), since(at(20), w.cameBack), w.using, w.mostQueued)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCourseIgnoresOthers(t *testing.T) {
	course := newCourse([]Collector{{"eu", "b"}})
	course.observe(sample(1, 1, 0, 0))
	course.observe(sample(2, 2, 0, 0))
	if len(course.events) != 0 || len(course.watched) != 1 {
		t.Errorf("a Collector that is not watched left %v", course.events)
	}
}

func TestEvents(t *testing.T) {
	course := newCourse([]Collector{{"eu", "a"}})
	course.failed = at(10)
	for _, s := range []Sample{sample(9, 5, 0, 0), sample(10, 6, 0, 0), sample(11, 6, 0, 1), sample(12, 6, 4, 2), sample(13, 6, 8, 3)} {
		course.observe(s)
	}
	want := []Event{
		{at(11), "eu/a notices: a request to the primary failed"},
		{at(12), "eu/a moves from the primary to the backup"},
	}
	if difference := cmp.Diff(want, course.events); difference != "" {
		t.Errorf("events (-want +got):\n%s", difference)
	}
}

// TestNext is the decision table of a drill.
func TestNext(t *testing.T) {
	plan := Plan{
		Method: Scale, Baseline: 15 * time.Second, Duration: time.Minute, GiveUp: 30 * time.Second, ReturnWithin: 2 * time.Minute,
	}
	type state struct {
		using                     Site
		failed, over, back, ready float64 // seconds; 0 means never
		restored                  float64
	}
	for _, c := range []struct {
		name   string
		method Method
		state  state
		now    float64
		want   action
	}{
		{"baseline", Scale, state{using: Primary}, 14, keepOn},
		{"the baseline has ended", Scale, state{using: Primary}, 15, fail},
		{"not on the primary yet", Scale, state{}, 44, keepOn},
		{"not on the primary", Scale, state{}, 45, refuse},
		{"on the backup", Scale, state{using: Backup}, 45, refuse},
		{"failed", Scale, state{failed: 15}, 16, keepOn},
		{"moved over", Scale, state{failed: 15, over: 17}, 74, keepOn},
		{"moved over, duration has ended", Scale, state{failed: 15, over: 17}, 75, restore},
		{"moved over late", Scale, state{failed: 15, over: 44}, 46, keepOn},
		{"does not move over", Scale, state{failed: 15}, 44, keepOn},
		{"gives up", Scale, state{failed: 15}, 45, restore},
		{"restored", Scale, state{failed: 15, over: 17, restored: 75}, 80, keepOn},
		{"ready", Scale, state{failed: 15, over: 17, restored: 75, ready: 80}, 81, keepOn},
		{"back before ready was seen", Scale, state{failed: 15, over: 17, restored: 75, back: 81}, 82, keepOn},
		{"back", Scale, state{failed: 15, over: 17, restored: 75, ready: 80, back: 81}, 82, finish},
		{"does not come back", Scale, state{failed: 15, over: 17, restored: 75, ready: 80}, 195, finish},
		{"does not start", Scale, state{failed: 15, over: 17, restored: 75}, 195, finish},
		{"observes", Observe, state{using: Backup}, 59, keepOn},
		{"has observed", Observe, state{}, 60, finish},
	} {
		t.Run(c.name, func(t *testing.T) {
			moment := func(seconds float64) time.Time {
				if seconds == 0 {
					return time.Time{}
				}
				return at(seconds)
			}
			course := newCourse([]Collector{{"eu", "a"}})
			course.failed, course.restored, course.ready = moment(c.state.failed), moment(c.state.restored), moment(c.state.ready)
			*course.watched[Collector{"eu", "a"}] = watch{using: c.state.using, movedOver: moment(c.state.over), cameBack: moment(c.state.back)}
			plan.Method = c.method
			if got, why := next(plan, course, start, at(c.now)); got != c.want {
				t.Errorf("%s (%s), want %s", got, why, c.want)
			}
		})
	}
}

func TestNextNamesLateCollectors(t *testing.T) {
	plan := Plan{Method: Kill, GiveUp: time.Second}
	course := newCourse([]Collector{{"us", "b"}, {"eu", "a"}, {"eu", "c"}})
	course.failed = start
	course.watched[Collector{"eu", "c"}].movedOver = at(1)
	if _, why := next(plan, course, start, at(2)); why != "[eu/a us/b] did not move over to the backup within 1s" {
		t.Errorf("reason %q", why)
	}
}
