package report

import (
	"slices"
	"time"
)

// The timeline's drawing area, in SVG units; one is a pixel on a wide screen.
const (
	chartWidth    = 1120.0
	plotLeft      = 64.0
	plotRight     = 930.0 // line names are to the right of it
	rowOfMarks    = 20.0
	heightOfRates = 210.0
	heightOfQueue = 120.0
	betweenPlots  = 46.0
	heightOfAxis  = 34.0
)

// timeline is a course in drawing coordinates.
type timeline struct {
	Width, Height float64
	Left, Right   float64
	Top, Bottom   float64 // of both plots together
	Depth         float64 // from Top to Bottom
	Leader        float64 // where the lines to the names end
	Plots         []plot
	Marks         []markView
	Outages       []outage
	Ticks         []placedTick
	AxisY         float64
	Data          chartData
}

type placedTick struct {
	X     float64
	Label string
}

type markView struct {
	X, Y       float64 // position of the text; the line starts there
	Anchor     string  // start or end
	Text, Kind string
}

type outage struct{ X, Width float64 }

// chartData is the data that the page's script shows at the pointer.
type chartData struct {
	Left  float64   `json:"left"`
	Right float64   `json:"right"`
	Span  float64   `json:"span"` // seconds from Left to Right
	Plots []plotOut `json:"plots"`
}

type plotOut struct {
	Unit  string    `json:"unit"`
	Lines []lineOut `json:"lines"`
}

type lineOut struct {
	Name   string      `json:"name"`
	Class  string      `json:"class"`
	Points [][]float64 `json:"points"` // seconds and value
}

func newTimeline(course Timeline, clusters []Cluster) timeline {
	if len(course.Samples) == 0 {
		return timeline{}
	}
	start, whole := course.extent()
	across := func(at time.Time) float64 {
		return plotLeft + (plotRight-plotLeft)*at.Sub(start).Seconds()/whole
	}
	t := timeline{Width: chartWidth, Left: plotLeft, Right: plotRight, Leader: plotRight + 13}
	rows := t.placeMarks(course.Marks, across)
	t.Top = float64(rows)*rowOfMarks + 36
	bottom := t.Top
	rates := gather(course.Samples, clusters, func(s Sample) map[string]float64 { return s.Site })
	for i := range rates {
		rates[i].smooth(smoothOver)
	}
	queues := gather(course.Samples, clusters, func(s Sample) map[string]float64 { return s.Queue })
	for _, wanted := range []struct {
		title, unit string
		height, top float64
		lines       []series
	}{
		{"Spans per second, by site", "spans/s", heightOfRates, usual(rates), rates},
		{"Queued on disk, by region", course.queueUnit(), heightOfQueue, most(queues), queues},
	} {
		if len(wanted.lines) == 0 {
			continue
		}
		frame := frame{top: bottom, height: wanted.height, start: start, across: across, limit: wanted.top, unit: wanted.unit}
		if len(t.Plots) > 0 {
			frame.top += betweenPlots
		}
		drawn := newPlot(frame, wanted.lines)
		drawn.Title = wanted.title
		t.Plots = append(t.Plots, drawn)
		t.Data.Plots = append(t.Data.Plots, drawn.out())
		bottom = frame.top + frame.height
	}
	t.Bottom, t.Depth = bottom, bottom-t.Top
	t.AxisY, t.Height = bottom+20, bottom+heightOfAxis
	t.Data.Left, t.Data.Right, t.Data.Span = plotLeft, plotRight, whole
	t.Outages = outages(course.Marks, across)
	for _, at := range secondTicks(whole, 10) {
		x := plotLeft + (plotRight-plotLeft)*at/whole
		t.Ticks = append(t.Ticks, placedTick{X: x, Label: clock(at, whole)})
	}
	return t
}

func (t Timeline) queueUnit() string {
	if t.QueueUnit == "" {
		return "items"
	}
	return t.QueueUnit
}

// extent returns the first moment of samples and marks, and the seconds to the last.
func (t Timeline) extent() (time.Time, float64) {
	first, last := t.Samples[0].At, t.Samples[0].At
	note := func(at time.Time) {
		if at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	for _, sample := range t.Samples {
		note(sample.At)
	}
	for _, mark := range t.Marks {
		note(mark.At)
	}
	return first, max(last.Sub(first).Seconds(), 1)
}

// placeMarks assigns each mark's text to a row without overlap, and returns the number of rows.
func (t *timeline) placeMarks(marks []Mark, across func(time.Time) float64) int {
	const perLetter, gap = 6.9, 12.0
	var ends []float64 // end of the last text in each row
	for _, mark := range marks {
		view := markView{X: across(mark.At), Text: mark.Text, Kind: kindOf(mark.Kind), Anchor: "start"}
		wide := float64(len([]rune(mark.Text)))*perLetter + 18
		from := view.X
		if from+wide > chartWidth {
			view.Anchor = "end"
			from = view.X - wide
		}
		row := slices.IndexFunc(ends, func(end float64) bool { return end+gap <= from })
		if row < 0 {
			row = len(ends)
			ends = append(ends, 0)
		}
		ends[row] = from + wide
		view.Y = float64(row)*rowOfMarks + 14
		t.Marks = append(t.Marks, view)
	}
	return len(ends)
}

func kindOf(kind string) string {
	if kind == Failure || kind == Return {
		return kind
	}
	return Note
}

// outages reach from a failure to the next return, or to the end.
func outages(marks []Mark, across func(time.Time) float64) []outage {
	var found []outage
	from := -1.0
	for _, mark := range marks {
		switch {
		case mark.Kind == Failure && from < 0:
			from = across(mark.At)
		case mark.Kind == Return && from >= 0:
			found = append(found, outage{X: from, Width: across(mark.At) - from})
			from = -1
		}
	}
	if from >= 0 {
		found = append(found, outage{X: from, Width: plotRight - from})
	}
	return found
}
