package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func TestWaterfallOrder(t *testing.T) {
	span := func(id, parent string, at int) Span {
		return Span{ID: id, ParentID: parent, Name: id, Start: noon.Add(time.Duration(at) * time.Millisecond), Duration: time.Millisecond}
	}
	for name, c := range map[string]struct {
		spans []Span
		want  string
	}{
		"children under parents, by time": {[]Span{span("c", "a", 5), span("d", "b", 3), span("b", "a", 2), span("a", "", 0)}, "a, .b, ..d, .c"},
		"a missing parent":                {[]Span{span("a", "", 1), span("x", "gone", 0)}, "x, a"},
		"its own parent":                  {[]Span{span("a", "a", 0)}, "a"},
		"each other's parents":            {[]Span{span("a", "b", 0), span("b", "a", 1), span("r", "", 2)}, "r, a, .b"},
		"the same id twice":               {[]Span{span("a", "", 0), span("a", "", 1), span("b", "a", 2)}, "a, .b, a"},
	} {
		var got []string
		for _, row := range newWaterfall(Trace{Spans: c.spans}).Rows {
			got = append(got, strings.Repeat(".", row.Depth)+row.Name)
		}
		if difference := cmp.Diff(c.want, strings.Join(got, ", ")); difference != "" {
			t.Errorf("%s (-want +got):\n%s", name, difference)
		}
	}
}

func TestWaterfallPositions(t *testing.T) {
	w := newWaterfall(Trace{Spans: []Span{
		{ID: "a", Cloud: "aws", Start: noon, Duration: 200 * time.Millisecond},
		{ID: "b", ParentID: "a", Cloud: "gcp", Start: noon.Add(50 * time.Millisecond), Duration: 100 * time.Millisecond},
		{ID: "c", ParentID: "b", Cloud: "gcp", Start: noon.Add(180 * time.Millisecond), Duration: 20 * time.Millisecond},
	}})
	var got []string
	for _, row := range w.Rows {
		got = append(got, fmt.Sprintf("%s %.0f+%.0f hop=%v left=%v", row.Cloud.Class, row.Left, row.Width, row.Hop, row.LabelLeft))
	}
	want := []string{"aws 0+100 hop=false left=false", "gcp 25+50 hop=true left=false", "gcp 90+10 hop=false left=true"}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("rows (-want +got):\n%s", difference)
	}
	if w.Hops != 1 || len(w.Clouds) != 2 || w.Total != "200 ms" {
		t.Errorf("hops %d, clouds %d, total %s; want 1, 2, 200 ms", w.Hops, len(w.Clouds), w.Total)
	}
}

func TestMarksDoNotOverlap(t *testing.T) {
	second := func(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Second))) }
	course := Timeline{
		Samples: []Sample{{At: noon, Site: map[string]float64{"a": 1}}, {At: second(100), Site: map[string]float64{"a": 1}}},
		Marks: []Mark{
			{At: second(10), Text: "primary killed", Kind: Failure}, {At: second(10.5), Text: "on the backup"},
			{At: second(50), Text: "ready", Kind: Return}, {At: second(99), Text: strings.Repeat("long ", 12), Kind: Failure},
		},
	}
	drawn := newTimeline(course, nil)
	var got []string
	for _, mark := range drawn.Marks {
		got = append(got, fmt.Sprintf("%.0f %s %s", (mark.Y-14)/rowOfMarks, mark.Anchor, mark.Kind))
	}
	if difference := cmp.Diff([]string{"0 start failure", "1 start note", "0 start return", "1 end failure"}, got); difference != "" {
		t.Errorf("rows of marks (-want +got):\n%s", difference)
	}
	if len(drawn.Outages) != 2 || drawn.Outages[1].X+drawn.Outages[1].Width != plotRight {
		t.Errorf("outages %v, want two, the last until the end", drawn.Outages)
	}
}

func TestLineLabelsDoNotOverlap(t *testing.T) {
	lines := []lineView{{EndY: 200}, {EndY: 199}, {EndY: 201}, {EndY: 20}}
	apart(lines, frame{top: 0, height: 210})
	if lines[1].LabelY+34 > lines[0].LabelY || lines[0].LabelY+34 > lines[2].LabelY || lines[3].LabelY != 20 {
		t.Errorf("names at %v", lines)
	}
}

func TestNumberFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{quantity(0), "0"}, {quantity(0.25), "0.25"}, {quantity(12.04), "12"}, {quantity(950), "950"}, {quantity(2636), "2,636"},
		{quantity(12345), "12.3 k"}, {quantity(2.5e6), "2.5 M"},
		{length(0), "0"}, {length(250 * time.Microsecond), "250 µs"}, {length(12300 * time.Microsecond), "12.3 ms"},
		{length(1500 * time.Millisecond), "1.5 s"}, {length(59999 * time.Millisecond), "60 s"}, {length(252 * time.Second), "4 min 12 s"},
		{amount(1.27e6, "bytes"), "1.27 MB"}, {amount(500e3, "bytes"), "500 kB"}, {amount(12, "bytes"), "12 B"}, {amount(12345, "items"), "12.3 k"},
		{short("telepod.shop.v1.Inventory/Deduct"), "Inventory/Deduct"}, {short("GET /products/{id}"), "GET /products/{id}"}, {short("/health"), "/health"},
		{clock(5, 30), "5 s"}, {clock(65, 100), "1:05"},
		{fmt.Sprint(ticks(612, 6)), "[0 200 400 600 800]"}, {fmt.Sprint(ticks(0, 4)), "[0 1]"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestSmoothKeepsStepsInPlace samples, twice a second, data that is sent once a second.
func TestSmoothKeepsStepsInPlace(t *testing.T) {
	line := series{}
	for i := range 20 {
		line.at = append(line.at, noon.Add(time.Duration(i)*500*time.Millisecond))
		line.values = append(line.values, float64(i%2*200))
	}
	line.smooth(1500 * time.Millisecond)
	for i, value := range line.values[1:19] {
		if value < 60 || value > 140 {
			t.Errorf("value %d is %v, want about 100", i+1, value)
		}
	}
	step := series{at: line.at, values: append(make([]float64, 10), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)}
	step.smooth(2 * time.Second)
	if step.values[9] >= 0.5 || step.values[10] <= 0.5 {
		t.Errorf("a step was moved: %v", step.values)
	}
}

// TestRarePeaksDoNotSetTheScale checks that rare values far above the rest do not set the scale, and are labelled.
func TestRarePeaksDoNotSetTheScale(t *testing.T) {
	for name, c := range map[string]struct {
		rare, want float64
	}{"a spike": {900, 150}, "a peak": {250, 250}} {
		line := series{name: "a"}
		for i := range 100 {
			line.at = append(line.at, noon.Add(time.Duration(i)*time.Second))
			line.values = append(line.values, 100)
		}
		line.values[50] = c.rare
		if got := usual([]series{line}); got != c.want {
			t.Errorf("%s: drawn up to %v, want %v", name, got, c.want)
		}
		f := frame{height: 100, start: noon, limit: c.want, across: func(time.Time) float64 { return 0 }}
		if peaks := newPlot(f, []series{line}).Peaks; (len(peaks) == 1) != (c.rare > 250) || len(peaks) == 1 && peaks[0].Label != "900" {
			t.Errorf("%s: peaks %v", name, peaks)
		}
	}
}
