package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// plot is one of the timeline's diagrams.
type plot struct {
	Title, Unit string
	Top, Bottom float64
	Lines       []lineView
	Levels      []level
	Peaks       []peak
}

// peak is where a line leaves the plot at the top, and the value it reaches.
type peak struct {
	X, Y         float64
	Label, Class string
}

type lineView struct {
	Name, Most   string
	Class        string
	Second       bool
	Line, Area   string // SVG paths
	EndX, EndY   float64
	LabelY       float64
	points       [][]float64
	highestValue float64
}

type level struct {
	Y     float64
	Label string
}

// frame is the area of a plot.
type frame struct {
	top, height float64
	start       time.Time
	across      func(time.Time) float64
	limit       float64 // the highest value drawn
	unit        string
}

func newPlot(f frame, all []series) plot {
	p := plot{Unit: f.unit, Top: f.top, Bottom: f.top + f.height}
	steps := ticks(f.limit, 4)
	limit := steps[len(steps)-1]
	up := func(value float64) float64 {
		return p.Bottom - f.height*min(max(value, 0), limit)/limit
	}
	for _, step := range steps {
		p.Levels = append(p.Levels, level{Y: up(step), Label: amount(step, f.unit)})
	}
	for _, line := range all {
		p.Lines = append(p.Lines, draw(line, f, up))
		if i := slices.Index(line.values, slices.Max(line.values)); line.values[i] > limit {
			p.Peaks = append(p.Peaks, peak{X: f.across(line.at[i]), Y: f.top, Label: amount(line.values[i], f.unit), Class: line.cloud.Class})
		}
	}
	apart(p.Lines, f)
	return p
}

func draw(line series, f frame, up func(float64) float64) lineView {
	view := lineView{Name: line.name, Class: line.cloud.Class, Second: line.second}
	var path strings.Builder
	for i, at := range line.at {
		x, y, value := f.across(at), up(line.values[i]), line.values[i]
		command := 'L'
		if i == 0 {
			command = 'M'
		}
		fmt.Fprintf(&path, "%c%.1f %.1f", command, x, y)
		view.EndX, view.EndY = x, y
		view.highestValue = max(view.highestValue, value)
		view.points = append(view.points, []float64{rounded(at.Sub(f.start).Seconds()), rounded(value)})
	}
	view.Line = path.String()
	view.Area = fmt.Sprintf("%sL%.1f %.1fL%.1f %.1fZ", view.Line, view.EndX, f.top+f.height, f.across(line.at[0]), f.top+f.height)
	view.Most = amount(view.highestValue, f.unit)
	if f.unit != "bytes" {
		view.Most += " " + f.unit
	}
	return view
}

// apart moves the names on the right so that they do not overlap, each as close to the end of its line as
// possible.
func apart(lines []lineView, f frame) {
	const distance = 34.0
	order := make([]*lineView, len(lines))
	for i := range lines {
		lines[i].LabelY = lines[i].EndY
		order[i] = &lines[i]
	}
	slices.SortStableFunc(order, func(a, b *lineView) int { return cmp.Compare(a.EndY, b.EndY) })
	floor := f.top + f.height - 4
	for i := len(order) - 1; i >= 0; i-- {
		order[i].LabelY = min(order[i].LabelY, floor)
		floor = order[i].LabelY - distance
	}
	ceiling := f.top + 4
	for _, line := range order {
		line.LabelY = max(line.LabelY, ceiling)
		ceiling = line.LabelY + distance
	}
}

func (p plot) out() plotOut {
	out := plotOut{Unit: p.Unit}
	for _, line := range p.Lines {
		out.Lines = append(out.Lines, lineOut{Name: line.Name, Class: line.Class, Points: line.points})
	}
	return out
}

// rounded keeps three decimals: more only makes the page larger.
func rounded(value float64) float64 { return math.Round(value*1000) / 1000 }
