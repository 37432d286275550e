package report

import "time"

// Report is a run, as it is to be shown.
type Report struct {
	Title          string
	Started, Ended time.Time
	Clusters       []Cluster
	Steps          []Step
	Trace          Trace
	Timeline       Timeline
	Outcome        []Row
}

// Cluster is one cluster of the run.
type Cluster struct {
	Name   string
	Cloud  string // the value of cloud.provider: aws, gcp or azure
	Region string
	Role   string // such as "primary", "backup" or "region"
}

// Step is something that the run did.
type Step struct {
	Name string
	Text string
	Took time.Duration
	OK   bool
}

// Row is something that the run expected, and what it found.
type Row struct {
	Name  string
	Value string
	Note  string
	OK    bool
}

// Trace is one trace.
type Trace struct {
	ID    string
	Spans []Span
}

// Span is one span with where it came from.
type Span struct {
	ID       string
	ParentID string // "" for a root
	Name     string
	Service  string

	Cloud   string // cloud.provider
	Region  string // cloud.region
	Cluster string // k8s.cluster.name
	Pod     string // k8s.pod.name

	Start    time.Time
	Duration time.Duration
	Error    bool

	// Attributes are those of the span and of its resource; on the same key the span's wins.
	Attributes map[string]string
	Events     []Event
}

// Event is a span's event.
type Event struct {
	At         time.Time
	Name       string
	Attributes map[string]string
}

// Timeline is the course of a run. A site or region is coloured as its cloud when it is named as
// in [Report.Clusters].
type Timeline struct {
	Samples   []Sample // in order of time
	Marks     []Mark   // in order of time
	QueueUnit string   // what Queue counts, such as "bytes"; "items" if empty
}

// Sample is what was measured at one moment. What is absent, or no finite number, was not measured.
type Sample struct {
	At    time.Time
	Site  map[string]float64 // spans a second that arrived, by site
	Queue map[string]float64 // what waits on disk, by region
}

// Mark is a moment at which something was done.
type Mark struct {
	At   time.Time
	Text string
	Kind string // Failure, Return or Note
}

// The kinds of a [Mark]. What lies between a failure and the next return is shaded.
const (
	Failure = "failure"
	Return  = "return"
	Note    = "note"
)
