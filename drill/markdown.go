package drill

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteMarkdown writes the report for people.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var m markdown
	m.line("# Failover drill %s: %s", r.ID, r.Verdict)
	m.line("")
	m.line("Started on %s by %s with Telepod %s.", r.Started.UTC().Format("2006-01-02 15:04:05 UTC"), cell(r.Operator), cell(r.Version))
	m.line("Method %s: %s. Planned: %s of baseline, then %s; %d canaries a second through each Collector.",
		r.Method, r.Method.Text(), r.Planned.Baseline, r.Planned.Duration, r.Planned.Rate)
	m.checks(r)
	m.times(r)
	m.canaries(r)
	m.course(r)
	m.clusters(r)
	_, err := io.WriteString(w, m.String())
	return err
}

type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

// table writes the header of a table; rows follow.
func (m *markdown) table(titles ...string) {
	m.row(titles...)
	m.line("|%s", strings.Repeat("---|", len(titles)))
}

func (m *markdown) row(cells ...string) {
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	m.line("| %s |", strings.Join(cells, " | "))
}

// cell escapes untrusted text so that it can neither leave its cell nor start a new line.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "`", "'").Replace(text)
}

func (m *markdown) checks(r *Report) {
	m.line("\n## Checks\n")
	m.table("", "check", "limit", "found")
	for _, check := range r.Checks {
		mark := "failed"
		if check.Unknown {
			mark = "unknown"
		} else if check.OK {
			mark = "ok"
		}
		m.row(mark, check.Name, check.Limit, check.Found)
	}
	if len(r.Problems) > 0 {
		m.line("\nProblems:\n")
		for _, problem := range r.Problems {
			m.line("- %s", cell(problem))
		}
	}
}

func (m *markdown) times(r *Report) {
	if r.Method == Observe {
		m.line("\n## Collectors\n")
		m.table("region", "Collector", "uses", "most on disk")
		for _, region := range r.Regions {
			for _, c := range region.Collectors {
				m.row(region.Name, c.Name, string(c.Using), size(c.MostQueuedBytes))
			}
		}
		return
	}
	m.line("\n## Times\n")
	m.table("region", "Collector", "noticed after", "failed over after", "returned after", "most on disk", "uses now")
	for _, region := range r.Regions {
		for _, c := range region.Collectors {
			m.row(region.Name, c.Name, c.Notice.String(), c.FailOver.String(), c.Return.String(), size(c.MostQueuedBytes), string(c.Using))
		}
	}
	m.row("**slowest**", "", r.Times.Notice.String(), r.Times.FailOver.String(), r.Times.Return.String(), "", "")
	m.line("\nNotice and failover count from the failure; the return counts from when the primary was ready, %s after it was restored. "+
		"Each time is at most %s too long, the sampling interval.", r.Times.Start, r.Planned.Interval)
}

func (m *markdown) canaries(r *Report) {
	m.line("\n## Canaries\n")
	if !r.ArchiveRead {
		m.line("No archive was read, so losses and duplicates are unknown.\n")
	}
	m.table("region", "sent", "accepted", "refused", "stored", "lost", "stored twice")
	row := func(name string, c Count) {
		stored, lost, twice := fmt.Sprint(c.Stored), fmt.Sprint(c.Lost), fmt.Sprint(c.Duplicated)
		if !r.ArchiveRead {
			stored, lost, twice = "?", "?", "?"
		}
		m.row(name, fmt.Sprint(c.Sent), fmt.Sprint(c.Accepted), fmt.Sprint(c.Refused), stored, lost, twice)
	}
	for _, region := range r.Regions {
		row(region.Name, region.Canaries)
	}
	row("**all**", r.Canaries)
	for _, region := range r.Regions {
		for _, c := range region.Collectors {
			if c.LastRefusal != "" {
				m.line("\nThe last refusal of %s/%s: %s", cell(region.Name), cell(c.Name), cell(c.LastRefusal))
			}
			if r.ArchiveRead && c.Canaries.Lost > 0 {
				m.line("\nLost of %s/%s, the first of %d: %v", cell(region.Name), cell(c.Name), c.Canaries.Lost, c.Canaries.FirstLost)
			}
		}
	}
}

func (m *markdown) course(r *Report) {
	m.line("\n## Timeline\n")
	m.table("time (UTC)", "after", "what")
	for _, event := range r.Events {
		after := ""
		if !r.Failed.IsZero() {
			after = fmt.Sprintf("%+.1f s", event.At.Sub(r.Failed).Seconds())
		}
		m.row(event.At.UTC().Format("15:04:05.000"), after, event.Text)
	}
	m.line("\nFrom %s to %s UTC.", r.Started.UTC().Format(time.DateTime), r.Ended.UTC().Format(time.DateTime))
}

func (m *markdown) clusters(r *Report) {
	m.line("\n## Clusters\n")
	m.table("cluster", "role", "as user", "Kubernetes", "chart", "images")
	for _, c := range r.Clusters {
		m.row(c.Name, strings.Join(c.Roles, ", "), c.User, c.Kubernetes, c.Chart, strings.Join(c.Images, ", "))
	}
}

func size(bytes float64) string {
	switch {
	case bytes >= 1e6:
		return fmt.Sprintf("%.1f MB", bytes/1e6)
	case bytes >= 1e3:
		return fmt.Sprintf("%.0f kB", bytes/1e3)
	default:
		return fmt.Sprintf("%.0f B", bytes)
	}
}
