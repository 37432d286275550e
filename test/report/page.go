package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

// files are the page's template, style and script.
//
//go:embed page
var files embed.FS

// WriteHTML writes the page. Text from the run's programs is escaped.
func (r Report) WriteHTML(w io.Writer) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{"length": length, "cloud": viewOfCloud}).ParseFS(files, "page/*")
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	if err := parsed.ExecuteTemplate(w, "page.html", r.page()); err != nil {
		return fmt.Errorf("write the page %q: %w", r.Title, err)
	}
	return nil
}

// page is the template's data.
type page struct {
	Title, Date, Took string
	Checks, Missed    int
	Clusters          []Cluster
	Waterfall         waterfall
	Timeline          timeline
	Outcome           []Row
	Steps             []Step
}

func (r Report) page() page {
	shown := page{
		Title: r.Title, Date: r.Started.UTC().Format("2 January 2006, 15:04 UTC"), Took: length(r.Ended.Sub(r.Started)),
		Clusters: r.Clusters, Outcome: r.Outcome, Steps: r.Steps,
		Waterfall: newWaterfall(r.Trace), Timeline: newTimeline(r.Timeline, r.Clusters),
	}
	for _, row := range r.Outcome {
		shown.count(row.OK)
	}
	for _, step := range r.Steps {
		shown.count(step.OK)
	}
	return shown
}

func (p *page) count(ok bool) {
	p.Checks++
	if !ok {
		p.Missed++
	}
}
