package drill

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Schema is the version of the report's JSON. Later versions of Telepod may add fields to it.
const Schema = "telepod.dev/drill/v1"

// Verdict is the overall result.
type Verdict string

// Incomplete means that nothing failed, but something could not be measured.
const (
	Passed     Verdict = "passed"
	Failed     Verdict = "failed"
	Incomplete Verdict = "incomplete"
)

// Seconds is a duration. In JSON it is in seconds, and null if not measured.
type Seconds struct {
	time.Duration
	Measured bool
}

// MarshalJSON implements [json.Marshaler].
func (s Seconds) MarshalJSON() ([]byte, error) {
	if !s.Measured {
		return []byte("null"), nil
	}
	return json.Marshal(float64(s.Round(time.Millisecond).Milliseconds()) / 1000)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Seconds) UnmarshalJSON(text []byte) error {
	var seconds *float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	*s = Seconds{}
	if seconds != nil {
		*s = Seconds{time.Duration(math.Round(*seconds*1000)) * time.Millisecond, true}
	}
	return nil
}

func (s Seconds) String() string {
	if !s.Measured {
		return "not measured"
	}
	return fmt.Sprintf("%.1f s", s.Seconds())
}

// between returns the time between two moments; measured only if both are set.
func between(from, to time.Time) Seconds {
	if from.IsZero() || to.IsZero() {
		return Seconds{}
	}
	return Seconds{to.Sub(from), true}
}

// later returns the longer duration; measured only if both are.
func later(a, b Seconds) Seconds {
	return Seconds{max(a.Duration, b.Duration), a.Measured && b.Measured}
}

// Report is the result of a drill.
type Report struct {
	Schema  string  `json:"schema"`
	ID      string  `json:"id"`
	Verdict Verdict `json:"verdict"`
	Method  Method  `json:"method"`
	Facts
	Started  time.Time `json:"started"`
	Failed   time.Time `json:"primaryFailed,omitzero"`
	Restored time.Time `json:"primaryRestored,omitzero"`
	Ready    time.Time `json:"primaryReady,omitzero"`
	Ended    time.Time `json:"ended"`
	// Times are those of the slowest Collector.
	Times       Times    `json:"times"`
	Canaries    Count    `json:"canaries"`
	ArchiveRead bool     `json:"archiveRead"`
	Regions     []Course `json:"regions"`
	Checks      []Check  `json:"checks"`
	// Problems are deviations from the plan.
	Problems []string `json:"problems"`
	Events   []Event  `json:"events"`

	Planned Planned `json:"plan"`
}

// Planned is the plan of a drill.
type Planned struct {
	Baseline Seconds `json:"baseline"`
	Duration Seconds `json:"duration"`
	GiveUp   Seconds `json:"giveUp"`
	// Interval is the resolution of the times.
	Interval Seconds `json:"interval"`
	// Rate is the number of canaries per second through each Collector.
	Rate int `json:"rate"`
}

// Times are measured durations.
type Times struct {
	// Notice and FailOver count from the failure: to the first sign of it, and to the first data at the backup.
	Notice   Seconds `json:"notice"`
	FailOver Seconds `json:"failOver"`
	// Start is the time from the restoration until the primary was ready.
	Start Seconds `json:"start"`
	// Return is the time from then until data goes to the primary again; zero if a Collector returned earlier.
	Return Seconds `json:"return"`
}

// Course describes one region during the drill.
type Course struct {
	Name       string            `json:"name"`
	Canaries   Count             `json:"canaries"`
	Collectors []CollectorCourse `json:"collectors"`
}

// CollectorCourse describes one Collector during the drill.
type CollectorCourse struct {
	Name string `json:"name"`
	Times
	// Using is the site in use at the end of the drill.
	Using           Site    `json:"using"`
	MostQueuedBytes float64 `json:"mostQueuedBytes"`
	Canaries        Count   `json:"canaries"`
	LastRefusal     string  `json:"lastRefusal,omitempty"`
}

// Check is one condition for the verdict.
type Check struct {
	Name  string `json:"name"`
	Limit string `json:"limit"`
	Found string `json:"found"`
	OK    bool   `json:"ok"`
	// Unknown means that it could not be measured.
	Unknown bool `json:"unknown,omitempty"`
}

func (d *drill) report() *Report {
	r := &Report{
		Schema: Schema, ID: d.plan.ID, Method: d.plan.Method, Facts: d.estate.Facts,
		Started: d.started, Failed: d.course.failed, Restored: d.course.restored, Ready: d.course.ready, Ended: time.Now(),
		ArchiveRead: d.readArchive, Problems: d.broken, Events: d.course.events,
		Planned: Planned{
			Baseline: Seconds{d.plan.Baseline, true}, Duration: Seconds{d.plan.Duration, true},
			GiveUp: Seconds{d.plan.GiveUp, true}, Interval: Seconds{d.plan.Interval, true}, Rate: d.plan.Rate,
		},
	}
	if d.restoration != nil {
		r.Restored = time.Time{} // it was attempted, but failed
	}
	refusals := d.ledger.lastRefusals()
	for i, c := range d.collectors {
		course := d.course.of(c.Collector)
		course.Canaries, course.LastRefusal = d.ledger.count(c.Collector), refusals[c.Collector]
		if len(r.Regions) == 0 || r.Regions[len(r.Regions)-1].Name != c.Region {
			r.Regions = append(r.Regions, Course{Name: c.Region})
		}
		region := &r.Regions[len(r.Regions)-1]
		region.Collectors = append(region.Collectors, course)
		region.Canaries.add(course.Canaries)
		r.Canaries.add(course.Canaries)
		if i == 0 {
			r.Times = course.Times
		}
		r.Times = Times{
			Notice: later(r.Times.Notice, course.Notice), FailOver: later(r.Times.FailOver, course.FailOver),
			Start: course.Start, Return: later(r.Times.Return, course.Return),
		}
	}
	r.judge(d.plan.Limits)
	return r
}

// of describes a Collector, without its canaries.
func (c *course) of(name Collector) CollectorCourse {
	w := c.watched[name]
	back := between(c.ready, w.cameBack)
	back.Duration = max(back.Duration, 0)
	return CollectorCourse{
		Name: name.Name, Using: w.using, MostQueuedBytes: w.mostQueued,
		Times: Times{
			Notice: between(c.failed, w.noticed), FailOver: between(c.failed, w.movedOver),
			Start: between(c.restored, c.ready), Return: back,
		},
	}
}

// judge compares the results with the limits.
func (r *Report) judge(limits Limits) {
	if r.Method == Observe {
		r.checkUsing()
	} else {
		r.checkTime("time to fail over", limits.FailOver, r.Times.FailOver)
		r.checkTime("time to return", limits.Return, r.Times.Return)
		r.Checks = append(r.Checks, Check{Name: "primary ready again", Limit: "yes", Found: yesNo(!r.Ready.IsZero()), OK: !r.Ready.IsZero()})
	}
	r.checkCount("canaries lost", limits.Lost, r.Canaries.Lost)
	r.checkCount("canaries stored twice", limits.Duplicated, r.Canaries.Duplicated)
	r.Checks = append(r.Checks, Check{
		Name: "canaries accepted", Limit: "some in every region",
		Found: fmt.Sprintf("%d of %d", r.Canaries.Accepted, r.Canaries.Sent), OK: r.allAccepted(),
	})
	r.Checks = append(r.Checks, Check{
		Name: "problems", Limit: "0", Found: fmt.Sprint(len(r.Problems)), OK: len(r.Problems) == 0,
	})
	r.Verdict = Passed
	for _, check := range r.Checks {
		switch {
		case check.Unknown && r.Verdict == Passed:
			r.Verdict = Incomplete
		case !check.OK && !check.Unknown:
			r.Verdict = Failed
		}
	}
}

func (r *Report) checkUsing() {
	total, there := 0, 0
	for _, region := range r.Regions {
		for _, collector := range region.Collectors {
			total++
			if collector.Using == Primary {
				there++
			}
		}
	}
	r.Checks = append(r.Checks, Check{
		Name: "Collectors that use the primary", Limit: "all", Found: fmt.Sprintf("%d of %d", there, total), OK: there == total,
	})
}

func (r *Report) checkTime(name string, limit time.Duration, found Seconds) {
	if limit < 0 {
		return
	}
	r.Checks = append(r.Checks, Check{
		Name: name, Limit: "at most " + limit.String(), Found: found.String(), OK: found.Measured && found.Duration <= limit,
	})
}

// checkCount judges a count that only the archive can provide.
func (r *Report) checkCount(name string, limit, found int) {
	if limit < 0 {
		return
	}
	check := Check{Name: name, Limit: fmt.Sprintf("at most %d", limit), Found: fmt.Sprint(found), OK: found <= limit}
	if !r.ArchiveRead {
		check.Found, check.OK, check.Unknown = "not measured: no archive was read", false, true
	}
	r.Checks = append(r.Checks, check)
}

func (r *Report) allAccepted() bool {
	for _, region := range r.Regions {
		if region.Canaries.Accepted == 0 {
			return false
		}
	}
	return len(r.Regions) > 0
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
