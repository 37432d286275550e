package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/cost"
)

// Row is one cluster. Values that could not be read are absent.
type Row struct {
	Context string `json:"context"`
	// Error is why nothing could be read.
	Error string `json:"error,omitempty"`
	// Absent: the cluster was read, and the release has neither an injector nor Collectors there.
	Absent bool `json:"absent,omitempty"`
	Place
	Injector   *Replicas `json:"injector,omitempty"`
	Pods       *Pods     `json:"pods,omitempty"`
	Collectors *Replicas `json:"collectors,omitempty"`
	// Central is the central site that runs in the cluster.
	Central     *Central     `json:"central,omitempty"`
	Traffic     *Traffic     `json:"traffic,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
	Month       *cost.Month  `json:"monthSoFar,omitempty"`
	// Backup describes whether the backup site could replace the primary now. It is on the row of the backup's cluster, or
	// else on the rows of the regions that have a backup.
	Backup *Backup `json:"backup,omitempty"`
	// Losses describes what the counters of Collectors have of data that was refused, rejected or dropped since they started.
	Losses *Losses `json:"losses,omitempty"`
	// Problems need attention, the most severe first.
	Problems []Problem `json:"problems,omitempty"`
}

// Losses describes data that Collectors have refused, rejected or dropped since they started.
type Losses struct {
	Some bool   `json:"some"`
	Text string `json:"text"`
}

// Note is a sentence on a cluster that is not a problem.
type Note struct {
	Status checks.Status
	Text   string
}

// Notes returns sentences on the backup site, on losses, and on other injectors.
func (row Row) Notes() (notes []Note) {
	if row.Backup != nil && !row.Backup.Status.Problem() {
		notes = append(notes, Note{row.Backup.Status, row.Backup.Text})
	}
	if l := row.Losses; l != nil {
		notes = append(notes, Note{map[bool]checks.Status{true: checks.Skipped, false: checks.OK}[l.Some], l.Text})
	}
	if row.Pods != nil && len(row.Pods.Others) > 0 {
		notes = append(notes, Note{checks.OK, row.Pods.Others.Sentence()})
	}
	return notes
}

// Replicas are the ready and the desired pods.
type Replicas struct {
	Ready  int `json:"ready"`
	Wanted int `json:"wanted"`
}

func (r Replicas) String() string { return fmt.Sprintf("%d/%d", r.Ready, r.Wanted) }

// Central is a central site.
type Central struct {
	// Name is primary or backup; empty if none of its Collectors answered.
	Name string `json:"name,omitempty"`
	Replicas
}

// Certificate is the certificate that expires first.
type Certificate struct {
	Expires time.Time `json:"expires"`
	// Of identifies it, such as "injector" or a file of a Collector.
	Of string `json:"of"`
}

// Problem is something that needs attention.
type Problem struct {
	// Severe: data or injection is affected now, or would be if another site failed.
	Severe bool   `json:"severe"`
	Text   string `json:"text"`
	// Repair is a shell command; empty if there is none.
	Repair string `json:"repair,omitempty"`
}

// RowOf summarizes a reading.
func RowOf(r Reading, now time.Time) Row {
	row := Row{Context: fleet.Printable(r.Context), Place: r.place()}
	if r.Err != nil {
		row.Error = fleet.Printable(r.Err.Error())
		row.Problems = []Problem{{Severe: true, Text: "not read: " + row.Error}}
		return row
	}
	row.Injector = replicas(r.Injector)
	row.Collectors = replicas(r.Collectors)
	if r.Pods.Err == nil {
		row.Pods = &r.Pods.Value
	}
	if found := replicas(r.Central); found != nil {
		row.Central = &Central{cmp.Or(checks.SiteName(r.Sites.Value), r.Role), *found}
	}
	row.Traffic = TrafficOf(r.Earlier, r.Later)
	if text, some := checks.Losses(slices.Concat(r.Later.Collectors, r.Sites.Value, r.Samplers.Value.Instances)); text != "" {
		row.Losses = &Losses{some, text}
	}
	row.Certificate = firstToExpire(r)
	if r.Months != nil && r.Months.Err == nil {
		if m, recorded := r.Months.Value[row.Cluster]; recorded {
			row.Month = &m
		}
	}
	row.Absent = r.absent()
	row.Problems = slices.Concat(row.stopped(r), row.problems(now), uncovered(r), unread(r))
	slices.SortStableFunc(row.Problems, gravestFirst)
	return row
}

// place returns the cluster's place from the settings, or else from the labels that every metric of a Collector has.
func (r Reading) place() Place {
	p := r.Place
	for _, i := range append(r.Later.Collectors[:len(r.Later.Collectors):len(r.Later.Collectors)], r.Sites.Value...) {
		for labels := range i.Metrics.Each(uptime) {
			p.Cluster, p.Cloud, p.Region = cmp.Or(p.Cluster, labels["k8s_cluster_name"]), cmp.Or(p.Cloud, labels["cloud_provider"]), cmp.Or(p.Region, labels["cloud_region"])
		}
	}
	return Place{fleet.Printable(p.Cluster), fleet.Printable(p.Cloud), fleet.Printable(p.Region)}
}

func gravestFirst(a, b Problem) int {
	switch {
	case a.Severe == b.Severe:
		return 0
	case a.Severe:
		return -1
	}
	return 1
}

// replicas sums workloads; nil if they were not read, or there are none.
func replicas(from checks.Answer[[]checks.Workload]) *Replicas {
	if from.Err != nil || len(from.Value) == 0 {
		return nil
	}
	sum := &Replicas{}
	for _, w := range from.Value {
		sum.Ready, sum.Wanted = sum.Ready+w.Ready, sum.Wanted+w.Desired
	}
	return sum
}

// Metrics with a Collector's place, and with the expiry of certificates.
const (
	uptime          = "otelcol_process_uptime_seconds_total"
	injectorExpiry  = "telepod_certificate_expiry_timestamp_seconds"
	collectorExpiry = "otelcol_certificate_expiry_timestamp_seconds"
)

// firstToExpire finds the certificate that expires first, among those of injectors, regional and central Collectors.
func firstToExpire(r Reading) *Certificate {
	var first *Certificate
	consider := func(instances []fleet.Instance, metric, of string) {
		for _, i := range instances {
			for labels, seconds := range i.Metrics.Each(metric) {
				expires := time.Unix(int64(seconds), 0).UTC()
				if seconds > 0 && (first == nil || expires.Before(first.Expires)) {
					first = &Certificate{expires, cmp.Or(fleet.Printable(labels["file"]), of)}
				}
			}
		}
	}
	consider(r.Injectors.Value, injectorExpiry, "injector")
	consider(r.Later.Collectors, collectorExpiry, "regional Collectors")
	consider(r.Sites.Value, collectorExpiry, "central Collectors")
	return first
}

// The threshold of the chart's alert for injector certificates; the one for sites fires a week earlier.
const soon = 7 * 24 * time.Hour

// Soon reports whether a certificate needs attention.
func (c Certificate) Soon(now time.Time) bool { return c.Expires.Before(now.Add(soon)) }

func (c Central) title() string { return strings.TrimSpace(c.Name + " site") }

// stopped lists the workloads that are scaled to zero, or run on no node.
func (row Row) stopped(r Reading) (list []Problem) {
	repairs := r.snapshot(time.Time{})
	add := func(what string, workloads []checks.Workload) {
		for _, w := range workloads {
			switch {
			case w.Desired > 0:
			case w.Kind == "DaemonSet":
				text := fmt.Sprintf("%s: %s runs on no node", what, w.Object())
				if w.Selected.Manager != "" {
					text += ": its nodeSelector was " + w.Selected.String()
				}
				list = append(list, Problem{Severe: true, Text: text})
			default:
				p := Problem{Severe: true, Text: fmt.Sprintf("%s: %s is %s", what, w.Object(), w.Zero())}
				if r.Kubectl != "" {
					p.Repair = repairs.ScaleUp(w)
				}
				list = append(list, p)
			}
		}
	}
	add("injector", r.Injector.Value)
	add("regional Collectors", r.Collectors.Value)
	if row.Central != nil {
		add(row.Central.title(), slices.Concat(r.Central.Value, r.Samplers.Value.Workloads))
	}
	return list
}

// fullQueue is the fill level above which a queue needs attention.
const fullQueue = 0.5

// problems judges what was read.
func (row Row) problems(now time.Time) (list []Problem) {
	add := func(severe bool, format string, args ...any) {
		list = append(list, Problem{Severe: severe, Text: fmt.Sprintf(format, args...)})
	}
	short := func(what string, r *Replicas) {
		switch {
		case r == nil:
		case r.Ready < r.Wanted:
			add(r.Ready == 0, "%s: %d of %d ready", what, r.Ready, r.Wanted)
		}
	}
	short("injector", row.Injector)
	short("regional Collectors", row.Collectors)
	if row.Central != nil {
		short(row.Central.title(), &row.Central.Replicas)
	}
	if t := row.Traffic; t != nil {
		if w := t.Waiting; w != nil {
			add(true, "no site accepts %s from %d of %s: data waits on disk since %s", strings.Join(w.Signals, ", "), w.Collectors, fleet.Count(t.Answered, "Collector"), w.Since.Format("2006-01-02 15:04:05Z"))
		}
		if t.Site != nil && t.Site.Name != Primary {
			add(false, "sends to the %s site", t.Site.Name)
		}
		for _, s := range t.Sites {
			if !s.Up {
				add(true, "%s site: not reachable from %s", s.Name, fleet.Count(s.Down, "Collector"))
			}
		}
		if q := t.Queue; q != nil && q.Full() {
			add(true, "a queue is %.0f %% full", 100*q.Fullest)
		}
	}
	if c := row.Certificate; c != nil && c.Soon(now) {
		verb := "expires"
		if c.Expires.Before(now) {
			verb = "expired"
		}
		add(c.Expires.Before(now), "certificate of %s %s %s", c.Of, verb, c.Expires.Format("2006-01-02 15:04Z"))
	}
	if row.Pods != nil {
		list = append(list, row.Pods.problems()...)
	}
	return list
}

// absent reports whether the release has neither an injector nor Collectors in the cluster.
func (r Reading) absent() bool {
	return cmp.Or(r.Injector.Err, r.Collectors.Err, r.Central.Err) == nil && len(r.Injector.Value)+len(r.Collectors.Value)+len(r.Central.Value) == 0
}

// unread lists what could not be read.
func unread(r Reading) (list []Problem) {
	add := func(what string, err error) {
		if err != nil {
			list = append(list, Problem{Severe: false, Text: what + ": unknown: " + fleet.Printable(err.Error())})
		}
	}
	add("injector", r.Injector.Err)
	if r.absent() {
		list = append(list, Problem{Severe: true, Text: "the release has neither injector nor Collectors here: check --release and --telepod-namespace"})
	}
	if len(r.Injector.Value) > 0 { // without an injector here, pods are not counted
		add("pods", r.Pods.Err)
	}
	add("regional Collectors", cmp.Or(r.Collectors.Err, r.Later.Err))
	add("central site", cmp.Or(r.Central.Err, r.Sites.Err))
	add("certificate", r.Injectors.Err)
	for _, asked := range []struct {
		of        string
		instances []fleet.Instance
	}{{"injector", r.Injectors.Value}, {"regional Collector", r.Later.Collectors}, {"central Collector", r.Sites.Value}} {
		if silent, because := silentOnes(asked.instances); silent > 0 {
			add("metrics of "+fleet.Count(silent, asked.of), because)
		}
	}
	if r.Months != nil {
		add("cost", r.Months.Err)
	}
	return list
}

// silentOnes counts ready instances with unreadable metrics; instances that are not ready are counted elsewhere.
func silentOnes(instances []fleet.Instance) (n int, because error) {
	for _, i := range instances {
		if i.Ready && i.MetricsErr != nil {
			n, because = n+1, i.MetricsErr
		}
	}
	return n, because
}
