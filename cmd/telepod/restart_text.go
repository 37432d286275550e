package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/telepod/telepod/fleet/restart"
	"github.com/telepod/telepod/terminal"
)

// restartReport shows a run, or prints it as JSON at the end.
type restartReport struct {
	Plan   []restart.Step  `json:"plan"`
	Events []restart.Event `json:"events"`
	json   bool
}

// printPlan prints what would happen to each workload.
func (r *restartReport) printPlan(out io.Writer, place string) error {
	if r.json {
		return nil
	}
	t := terminal.Of(out)
	var b strings.Builder
	count := map[restart.Intent]int{}
	for _, s := range r.Plan {
		count[s.Intent]++
	}
	if len(r.Plan) == 0 {
		fmt.Fprintf(&b, "nothing to restart in %s\n", place)
	} else {
		fmt.Fprintf(&b, "%s in %s\n\n", t.Paint(terminal.Bold, fmt.Sprintf("%d to restart, %d to watch, %d to leave alone",
			count[restart.Restart], count[restart.Watch], count[restart.Leave])), place)
		b.WriteString(planTable(t, r.Plan))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func planTable(t terminal.Terminal, steps []restart.Step) string {
	rows := [][]terminal.Cell{terminal.Row("NAMESPACE", "WORKLOAD", "STATE", "PODS", "PLAN", "DETAILS")}
	for _, s := range steps {
		tone, text := terminal.Good, s.Text
		if s.Intent == restart.Leave {
			tone, text = terminal.Warn, string(s.Reason)+": "+s.Text
		}
		rows = append(rows, []terminal.Cell{{Text: s.Namespace}, {Text: s.Kind + "/" + s.Name}, {Text: string(s.State), Tone: toneOf(s.State)},
			{Text: fmt.Sprintf("%d/%d", s.Workload.Affected, s.Workload.Pods)}, {Text: string(s.Intent), Tone: tone}, {Text: text}})
	}
	return t.Table(rows...)
}

// event prints events as they happen, or collects them.
func (r *restartReport) event(out io.Writer) func(restart.Event) {
	if !r.json {
		fmt.Fprintln(out)
	}
	return func(e restart.Event) {
		r.Events = append(r.Events, e)
		if r.json {
			return
		}
		text := e.Text
		if e.Reason != "" {
			text = string(e.Reason) + ": " + text
		}
		fmt.Fprintf(out, "%s  %s %s/%s: %s\n", e.At.UTC().Format("15:04:05"), e.Namespace, e.Kind, e.Name, text)
	}
}

func (r *restartReport) finish(out io.Writer, dryRun bool) error {
	if r.json {
		return printJSON(out, r)
	}
	if dryRun {
		_, err := fmt.Fprintln(out, "dry run: nothing was done")
		return err
	}
	return nil
}
