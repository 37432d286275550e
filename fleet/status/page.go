package status

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/telepod/telepod/fleet"
)

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
)

// Page is the estate as one HTML page, without network access or scripts.
type Page struct {
	At   time.Time
	Rows []Row
	// Refresh is the interval in seconds at which a browser reloads it; zero disables that.
	Refresh int
}

// Policy returns the page's Content-Security-Policy: its own style, and nothing else.
func Policy() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// Write writes the page. Texts from a cluster are escaped.
func (p Page) Write(w io.Writer) error {
	parsed, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	var whole bytes.Buffer
	if err := parsed.Execute(&whole, p.view()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	_, err = whole.WriteTo(w)
	return err
}

// pageView is the template's data.
type pageView struct {
	Date, Policy string
	Style        template.CSS
	Refresh      int
	Verdict      string
	Good         bool
	Map          plan
	Clusters     []clusterView
	Switches     []switchView
	Problems     []problemView
	// Notes are sentences that are not problems.
	Notes []problemView
}

type clusterView struct {
	Context, Class                                                     string
	Injector, Pods, Collectors, Site, Queue, Certificate, Spans, Month string
	// Filled is the fullest queue in per cent.
	Filled float64
	Error  string
}

type switchView struct{ Context, At, Ago, Now string }

type problemView struct {
	Context, Text, Repair string
	Severe                bool
}

func (p Page) view() pageView {
	v := pageView{Date: p.At.UTC().Format("2 January 2006, 15:04:05 UTC"), Policy: Policy(), Style: template.CSS(pageCSS),
		Refresh: p.Refresh, Map: mapOf(p.Rows)}
	v.Verdict, v.Good = Verdict(p.Rows)
	type dated struct {
		at time.Time
		switchView
	}
	var switches []dated
	for _, row := range p.Rows {
		v.Clusters = append(v.Clusters, clusterOf(row, p.At))
		for _, problem := range row.Problems {
			v.Problems = append(v.Problems, problemView{row.Context, problem.Text, problem.Repair, problem.Severe})
		}
		for _, note := range row.Notes() {
			v.Notes = append(v.Notes, problemView{Context: row.Context, Text: note.Text})
		}
		if t := row.Traffic; t != nil && t.LastSwitch != nil {
			switches = append(switches, dated{*t.LastSwitch, switchView{row.Context, t.LastSwitch.Format("2 January, 15:04:05 UTC"), Ago(*t.LastSwitch, p.At), t.Using()}})
		}
	}
	slices.SortStableFunc(switches, func(a, b dated) int { return b.at.Compare(a.at) })
	for _, s := range switches {
		v.Switches = append(v.Switches, s.switchView)
	}
	slices.SortStableFunc(v.Problems, func(a, b problemView) int { return gravestFirst(Problem{Severe: a.Severe}, Problem{Severe: b.Severe}) })
	return v
}

// Verdict returns one sentence on the estate.
func Verdict(rows []Row) (text string, good bool) {
	attention := 0
	for _, row := range rows {
		if len(row.Problems) > 0 {
			attention++
		}
	}
	if attention == 0 {
		return fleet.Count(len(rows), "cluster") + ", no problems in these numbers: 'telepod check' checks more", true
	}
	verb := "need"
	if attention == 1 {
		verb = "needs"
	}
	return fmt.Sprintf("%d of %s %s attention", attention, fleet.Count(len(rows), "cluster"), verb), false
}

func clusterOf(row Row, now time.Time) clusterView {
	c := clusterView{Context: row.Context, Class: cloudClass(row.Cloud), Error: row.Error}
	for text, from := range map[*string]fmt.Stringer{&c.Injector: row.Injector, &c.Pods: row.Pods, &c.Collectors: row.Collectors} {
		*text = Text(from)
	}
	c.Month = Money(row.Month)
	if row.Certificate != nil {
		c.Certificate = row.Certificate.Left(now)
	}
	if t := row.Traffic; t != nil {
		c.Spans, c.Site = t.Spans(), t.Using()
		if t.Site != nil && !t.Site.Since.IsZero() {
			c.Site += ", for " + Ago(t.Site.Since, now)
		}
		if t.Queue != nil {
			c.Queue, c.Filled = t.Queue.String(), 100*t.Queue.Fullest
		}
	}
	return c
}
