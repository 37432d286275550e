package monitoring

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var page string

// WriteHTML draws the dashboards as one self-contained page.
func (r Result) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	view := pageView{From: r.From.UTC().Format(time.RFC3339), To: r.To.UTC().Format(time.RFC3339), Missing: r.WithoutData()}
	for _, p := range r.Panels {
		if n := len(view.Dashboards); n == 0 || view.Dashboards[n-1].Title != p.Dashboard {
			view.Dashboards = append(view.Dashboards, dashboardView{Title: p.Dashboard})
		}
		last := &view.Dashboards[len(view.Dashboards)-1]
		last.Panels = append(last.Panels, draw(p))
	}
	return t.Execute(w, view)
}

type pageView struct {
	From, To   string
	Missing    []string
	Dashboards []dashboardView
}

type dashboardView struct {
	Title  string
	Panels []panelView
}

type panelView struct {
	Title, Empty, Top string
	Lines             []lineView
}

type lineView struct {
	Name, Path, Last string
	Color            int // index into the page's eight colours
}

// The size of a drawing, in SVG units.
const (
	wide   = 600.0
	high   = 160.0
	colors = 8
)

// draw scales a panel to its data: from the first to the last sample of any line, and from zero to the
// highest value.
func draw(p PanelResult) panelView {
	view := panelView{Title: p.Title, Empty: p.Empty}
	var from, to time.Time
	top := 0.0
	for _, line := range p.Lines {
		if first := line.At[0]; from.IsZero() || first.Before(from) {
			from = first
		}
		if last := line.At[len(line.At)-1]; last.After(to) {
			to = last
		}
		top = max(top, slices.Max(line.Values))
	}
	view.Top = quantity(top, p.Unit)
	seconds := max(to.Sub(from).Seconds(), 1)
	for i, line := range p.Lines {
		var path strings.Builder
		for j, at := range line.At {
			command := "L"
			if j == 0 || at.Sub(line.At[j-1]) > 2*step {
				command = "M"
			}
			y := high
			if top > 0 {
				y = high - high*math.Max(line.Values[j], 0)/top
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", command, wide*at.Sub(from).Seconds()/seconds, y)
		}
		path.WriteString("h2") // a single sample is a dot
		view.Lines = append(view.Lines, lineView{
			Name: line.Name, Path: path.String(), Color: i % colors, Last: quantity(line.Values[len(line.Values)-1], p.Unit),
		})
	}
	return view
}

// quantity formats a number in one of Grafana's units.
func quantity(value float64, unit string) string {
	switch unit {
	case "s":
		if value < 1 {
			return fmt.Sprintf("%.3g ms", value*1000)
		}
		if value >= 2*86400 {
			return fmt.Sprintf("%.3g d", value/86400)
		}
		return fmt.Sprint(time.Duration(value * float64(time.Second)).Round(100 * time.Millisecond))
	case "percentunit":
		return fmt.Sprintf("%.3g %%", value*100)
	case "currencyUSD":
		return fmt.Sprintf("$%.3g", value)
	}
	suffix := map[string]string{"bytes": "B", "Bps": "B/s", "cps": "/s", "reqps": "/s"}[unit]
	for _, prefix := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(value) >= prefix.size {
			return fmt.Sprintf("%.3g %s%s", value/prefix.size, prefix.name, suffix)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", value, suffix))
}
