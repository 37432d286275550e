package status

import (
	"maps"
	"slices"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// Metrics of a regional Collector: from collector/failoverexporter/telemetry.go, exporterhelper, and the pipelines.
const (
	activeSite     = "otelcol_exporter_failover_active"
	activeSince    = "otelcol_exporter_failover_active_since_seconds"
	siteUp         = "otelcol_exporter_failover_endpoint_up"
	lastSuccess    = "otelcol_exporter_failover_last_success_seconds"
	switches       = "otelcol_exporter_failover_switches_total"
	delivered      = "otelcol_exporter_failover_delivered_items_total"
	queueSize      = "otelcol_exporter_queue_size"
	queueCapacity  = "otelcol_exporter_queue_capacity"
	receivedItems  = "otelcol_receiver_produced_items_total"
	receivedSize   = "otelcol_receiver_produced_size_total"
	siteExporter   = "otlp_failover"
	receivedSignal = "otel_scope_otelcol_signal"
	receivedResult = "otelcol_component_outcome"
)

// longRate is the least number of seconds for a rate to estimate the age of waiting data from. Applications send in batches, so
// a rate over a few seconds may be several times too low.
const longRate = 30

// mostSites limits how many sites a Collector may report; the chart configures two.
const mostSites = 8

// mostSignals limits how many signals a Collector may report; there are three, and profiles.
const mostSignals = 8

// Primary is the name of the site that regions prefer.
const Primary = "primary"

// Traffic is what regional Collectors report about themselves.
type Traffic struct {
	// Answered is the number of the Ready Collectors that were read. Sums cover only those.
	Answered int `json:"answered"`
	Ready    int `json:"ready"`
	// Site is the one in use.
	Site  *Use   `json:"site,omitempty"`
	Sites []Site `json:"sites,omitempty"`
	// Waiting describes data that no site accepts; nil if there is none.
	Waiting *Waiting `json:"waiting,omitempty"`
	Queue   *Queue   `json:"queue,omitempty"`
	// LastSwitch is when a Collector last moved to another site; nil if none has since it started.
	LastSwitch *time.Time `json:"lastSwitch,omitempty"`
	// SpansPerSecond is the rate of spans from applications, measured over Seconds; nil without two readings.
	SpansPerSecond *float64 `json:"spansPerSecond,omitempty"`
	Seconds        float64  `json:"seconds,omitempty"`
}

// Use is a site in use.
type Use struct {
	Name string `json:"name"`
	// Collectors is the number of Collectors that use it.
	Collectors int `json:"collectors"`
	// Since is the median of when they moved to it, or started.
	Since time.Time `json:"since,omitzero"`
}

// Site is a site as the regional Collectors of a cluster see it.
type Site struct {
	Name string `json:"name"`
	// Using is the number of Collectors that send to it; Down is the number that cannot reach it.
	Using int `json:"using"`
	Down  int `json:"down"`
	// Up: most Collectors can reach it.
	Up bool `json:"up"`
	// Answered is when it last accepted data or a probe, from the Collector for which that was longest ago; zero if a
	// Collector does not report it.
	Answered time.Time `json:"answered,omitzero"`
	// SpansPerSecond is the rate that it accepted; nil without two readings.
	SpansPerSecond *float64 `json:"spansPerSecond,omitempty"`
}

// Queue is the data waiting on a region's disks.
type Queue struct {
	Bytes float64 `json:"bytes"`
	// Fullest is the fill level of the fullest queue.
	Fullest float64 `json:"fullest"`
	// Seconds of data at the current rate, which is about the age of the oldest; nil without a rate over longRate. Collectors
	// do not report that age.
	Seconds *float64 `json:"seconds,omitempty"`
}

// view is the state of one Collector.
type view struct {
	site     string
	since    time.Time
	switched time.Time
	up       map[string]bool
	answered map[string]time.Time
	// waiting has the signals that no site accepts, and since when.
	waiting map[string]time.Time
}

// TrafficOf summarizes regional Collectors; nil if none answered. Without an earlier reading there are no rates.
func TrafficOf(earlier, later Scrape) *Traffic {
	t := &Traffic{}
	var views []view
	for _, c := range later.Collectors {
		if c.Ready {
			t.Ready++
		}
		if c.MetricsErr == nil {
			t.Answered++
			views = append(views, siteInUse(c.Metrics))
		}
	}
	if t.Answered == 0 {
		return nil
	}
	t.count(views)
	rates := ratesOf(earlier, later)
	t.SpansPerSecond, t.Seconds = rates.received, rates.seconds
	for i := range t.Sites {
		if perSecond, known := rates.delivered[t.Sites[i].Name]; known {
			t.Sites[i].SpansPerSecond = &perSecond
		}
	}
	t.Queue = queueOf(later.Collectors)
	if t.Queue != nil && rates.bytes > 0 && rates.seconds >= longRate {
		seconds := t.Queue.Bytes / rates.bytes
		t.Queue.Seconds = &seconds
	}
	return t
}

// siteInUse determines which site a Collector uses: the one that any of its signals has switched to, or else that of
// its traces. A signal without traffic never notices that the primary is down.
func siteInUse(set metrics.Set) view {
	v := view{up: map[string]bool{}, answered: map[string]time.Time{}, waiting: map[string]time.Time{}}
	of := map[string]string{} // site by signal
	for labels, active := range set.Each(activeSite) {
		if active == 1 {
			of[labels["signal"]] = fleet.Printable(labels["endpoint"])
		}
	}
	for labels := range set.Each(activeSite) {
		if signal := labels["signal"]; of[signal] == "" && len(v.waiting) < mostSignals {
			seconds, _ := set.Sum(activeSince, metrics.Labels{"signal": signal})
			v.waiting[fleet.Printable(signal)] = unix(seconds)
		}
	}
	decisive := "traces"
	for _, signal := range slices.Sorted(maps.Keys(of)) {
		if of[signal] != Primary && of[decisive] == Primary {
			decisive = signal
		}
	}
	v.site = of[decisive]
	if seconds, found := set.Sum(activeSince, metrics.Labels{"signal": decisive}); found {
		v.since = unix(seconds)
	}
	for labels, up := range set.Each(siteUp) {
		name := fleet.Printable(labels["endpoint"])
		if was, seen := v.up[name]; (!seen && len(v.up) < mostSites) || was {
			v.up[name] = up == 1
		}
	}
	for labels, seconds := range set.Each(lastSuccess) {
		v.answered[fleet.Printable(labels["endpoint"])] = unix(seconds)
	}
	for labels, n := range set.Each(switches) {
		if seconds, found := set.Sum(activeSince, metrics.Labels{"signal": labels["signal"]}); found && n > 0 && unix(seconds).After(v.switched) {
			v.switched = unix(seconds)
		}
	}
	return v
}

func unix(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)).UTC() }

// count fills in the sites, the one in use, and the last switch.
func (t *Traffic) count(views []view) {
	sites := map[string]*Site{}
	since, answered := map[string][]time.Time{}, map[string][]time.Time{}
	for _, v := range views {
		for name, up := range v.up {
			if sites[name] == nil {
				sites[name] = &Site{Name: name}
			}
			if !up {
				sites[name].Down++
			}
			answered[name] = append(answered[name], v.answered[name])
		}
		if s := sites[v.site]; s != nil {
			s.Using++
			since[v.site] = append(since[v.site], v.since)
		}
		t.wait(v.waiting)
		if !v.switched.IsZero() && (t.LastSwitch == nil || v.switched.After(*t.LastSwitch)) {
			t.LastSwitch = &v.switched
		}
	}
	// List the primary first explicitly; alphabetical order does so only by chance.
	names := slices.SortedFunc(maps.Keys(sites), func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == Primary || b != Primary && a < b:
			return -1
		}
		return 1
	})
	var most *Site
	for _, name := range names {
		s := sites[name]
		s.Up, s.Answered = 2*s.Down <= len(views), slices.MinFunc(answered[name], time.Time.Compare)
		if s.Using > 0 && (most == nil || s.Using > most.Using) {
			most = s
		}
		t.Sites = append(t.Sites, *s)
	}
	if most != nil {
		t.Site = &Use{most.Name, most.Using, median(since[most.Name])}
	}
}

func median(times []time.Time) time.Time {
	slices.SortFunc(times, time.Time.Compare)
	return times[len(times)/2]
}

// rates are per second, over the Collectors in both readings.
type rates struct {
	received  *float64
	bytes     float64
	delivered map[string]float64
	seconds   float64
}

func ratesOf(earlier, later Scrape) rates {
	seconds := later.At.Sub(earlier.At).Seconds()
	before := map[string]metrics.Set{}
	for _, c := range earlier.Collectors {
		if c.MetricsErr == nil {
			before[c.Pod] = c.Metrics
		}
	}
	r := rates{delivered: map[string]float64{}}
	if seconds <= 0 {
		return r
	}
	for _, c := range later.Collectors {
		first, both := before[c.Pod]
		if c.MetricsErr != nil || !both {
			continue
		}
		ok := metrics.Labels{receivedResult: "success"}
		spans := metrics.Labels{receivedResult: "success", receivedSignal: "traces"}
		perSecond := increase(first, c.Metrics, receivedItems, spans) / seconds
		if r.received == nil {
			r.received, r.seconds = new(float64), seconds
		}
		*r.received += perSecond
		r.bytes += increase(first, c.Metrics, receivedSize, ok) / seconds
		for labels := range c.Metrics.Each(activeSite) {
			if labels["signal"] == "traces" {
				site := labels["endpoint"]
				r.delivered[fleet.Printable(site)] += increase(first, c.Metrics, delivered, metrics.Labels{"signal": "traces", "endpoint": site}) / seconds
			}
		}
	}
	return r
}

// increase returns the increase of a counter. If the counter went down, it was reset: its value is the increase since then.
func increase(before, after metrics.Set, name string, match metrics.Labels) float64 {
	first, _ := before.Sum(name, match)
	last, _ := after.Sum(name, match)
	if last < first {
		return last
	}
	return last - first
}

// Full reports whether a queue needs attention.
func (q Queue) Full() bool { return q.Fullest >= fullQueue }

func queueOf(collectors []fleet.Instance) *Queue {
	var q *Queue
	for _, c := range collectors {
		for labels, size := range c.Metrics.Each(queueSize) {
			if labels["exporter"] != siteExporter {
				continue
			}
			if q == nil {
				q = &Queue{}
			}
			q.Bytes += size
			capacity, _ := c.Metrics.Sum(queueCapacity, metrics.Labels{"exporter": siteExporter, "data_type": labels["data_type"]})
			if capacity > 0 {
				q.Fullest = max(q.Fullest, size/capacity)
			}
		}
	}
	return q
}
