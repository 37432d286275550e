package report

import "time"

// Report describes a run.
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

// Step is an action of the run.
type Step struct {
	Name string
	Text string
	Took time.Duration
	OK   bool
}

// Row is an expectation of the run, and the actual result.
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

// Span is a span with its origin.
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

	// Attributes are those of the span and its resource; the span's take precedence.
	Attributes map[string]string
	Events     []Event
}

// Event is a span's event.
type Event struct {
	At         time.Time
	Name       string
	Attributes map[string]string
}

// Timeline is the course of a run. A site or region has the colour of its cloud if it has the same name in
// [Report.Clusters].
type Timeline struct {
	Samples   []Sample // sorted by time
	Marks     []Mark   // sorted by time
	QueueUnit string   // unit of Queue, such as "bytes"; "items" if empty
}

// Sample contains the measurements of one moment. Absent or non-finite values were not measured.
type Sample struct {
	At    time.Time
	Site  map[string]float64 // spans received per second, by site
	Queue map[string]float64 // queued on disk, by region
}

// Mark is an event on the timeline.
type Mark struct {
	At   time.Time
	Text string
	Kind string // Failure, Return or Note
}

// The kinds of a [Mark]. The time between a failure and the next return is shaded.
const (
	Failure = "failure"
	Return  = "return"
	Note    = "note"
)
