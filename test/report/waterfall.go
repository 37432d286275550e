package report

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// waterfall is a trace in drawing coordinates: per cent of the trace's duration.
type waterfall struct {
	ID       string
	Total    string
	Services int
	Clouds   []cloudView // in order of appearance
	Hops     int         // calls from one cloud to another
	Ticks    []tick
	Rows     []waterfallRow
}

type tick struct {
	At    float64
	Label string
}

type waterfallRow struct {
	Name, Service string
	FullName      string
	Depth         int
	Cloud         cloudView
	Region        string
	Hop           bool // the parent is in another cloud
	Error         bool
	Left, Width   float64
	Took          string
	LabelLeft     bool // there is no room to the right of the bar
	Start         string
	Cluster, Pod  string
	Details       []pair
	Events        []eventView
}

type pair struct{ Key, Value string }

type eventView struct {
	Left     float64
	At, Name string
	Details  string
}

// newWaterfall sorts the spans below their parents, by time. A span with a missing parent is drawn as a
// root, so that every stored span is visible.
func newWaterfall(trace Trace) waterfall {
	w := waterfall{ID: trace.ID}
	if len(trace.Spans) == 0 {
		return w
	}
	start, end := extent(trace.Spans)
	scale := scaleOf(start, end)
	services := map[string]bool{}
	for _, placed := range inOrder(trace.Spans) {
		row := newRow(placed, scale)
		w.Rows = append(w.Rows, row)
		services[placed.span.Service] = true
		if !slices.Contains(w.Clouds, row.Cloud) {
			w.Clouds = append(w.Clouds, row.Cloud)
		}
		if row.Hop {
			w.Hops++
		}
	}
	w.Total, w.Services = length(end.Sub(start)), len(services)
	for _, at := range ticks(float64(end.Sub(start)), 6) {
		if at <= float64(end.Sub(start)) {
			w.Ticks = append(w.Ticks, tick{At: at / scale.whole * 100, Label: length(time.Duration(at))})
		}
	}
	return w
}

func extent(spans []Span) (start, end time.Time) {
	start, end = spans[0].Start, spans[0].Start
	for _, span := range spans {
		if span.Start.Before(start) {
			start = span.Start
		}
		if over := span.Start.Add(span.Duration); over.After(end) {
			end = over
		}
	}
	return start, end
}

type scale struct {
	start time.Time
	whole float64 // nanoseconds, above zero
}

func scaleOf(start, end time.Time) scale {
	return scale{start: start, whole: max(float64(end.Sub(start)), 1)}
}

func (s scale) at(moment time.Time) float64 { return float64(moment.Sub(s.start)) / s.whole * 100 }

type placedSpan struct {
	span   Span
	parent *Span
	depth  int
}

// inOrder walks the tree depth first. Cycles are unreachable from a root; their spans come last, each once.
func inOrder(spans []Span) []placedSpan {
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	known := make(map[string]bool, len(spans))
	for _, span := range spans {
		known[span.ID] = true
	}
	children := map[string][]int{}
	for i, span := range spans {
		if known[span.ParentID] {
			children[span.ParentID] = append(children[span.ParentID], i)
		}
	}
	var placed []placedSpan
	seen := make([]bool, len(spans))
	var walk func(i, depth int, parent *Span)
	walk = func(i, depth int, parent *Span) {
		if seen[i] {
			return
		}
		seen[i] = true
		placed = append(placed, placedSpan{span: spans[i], parent: parent, depth: depth})
		for _, child := range children[spans[i].ID] {
			walk(child, depth+1, &spans[i])
		}
	}
	for i, span := range spans {
		if !known[span.ParentID] {
			walk(i, 0, nil)
		}
	}
	for i := range spans {
		walk(i, 0, nil)
	}
	return placed
}

func newRow(placed placedSpan, scale scale) waterfallRow {
	span := placed.span
	row := waterfallRow{
		Name: short(span.Name), FullName: span.Name, Service: span.Service, Depth: placed.depth,
		Cloud: viewOfCloud(span.Cloud), Region: span.Region, Cluster: span.Cluster, Pod: span.Pod,
		Hop: placed.parent != nil && placed.parent.Cloud != span.Cloud, Error: span.Error,
		Left: scale.at(span.Start), Width: float64(span.Duration) / scale.whole * 100,
		Took: length(span.Duration), Start: length(span.Start.Sub(scale.start)),
	}
	row.LabelLeft = row.Left+row.Width > 84 && row.Left > 16
	for _, key := range slices.Sorted(maps.Keys(span.Attributes)) {
		row.Details = append(row.Details, pair{key, span.Attributes[key]})
	}
	for _, event := range span.Events {
		var details []string
		for _, key := range slices.Sorted(maps.Keys(event.Attributes)) {
			details = append(details, key+"="+event.Attributes[key])
		}
		row.Events = append(row.Events, eventView{
			Left: min(max(scale.at(event.At), 0), 100), At: length(event.At.Sub(scale.start)),
			Name: event.Name, Details: strings.Join(details, "  "),
		})
	}
	return row
}

// short strips the package from a gRPC method's name: shop.v1.Inventory/Deduct.
func short(name string) string {
	service, method, found := strings.Cut(name, "/")
	if !found || service == "" || strings.ContainsAny(name, " {}:") {
		return name
	}
	return service[strings.LastIndexByte(service, '.')+1:] + "/" + method
}
