package status

import (
	"cmp"
	"fmt"
	"slices"
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
