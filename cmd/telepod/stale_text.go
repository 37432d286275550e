package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/terminal"
)

// withStatus gives an error an exit code, unless it has one.
func withStatus(code int, err error) error {
	if _, ok := err.(exitStatus); ok || err == nil {
		return err
	}
	return exitStatus{err, code, false}
}

// toneOf returns the tone of a state.
func toneOf(s fleet.State) terminal.Tone {
	switch s {
	case fleet.Refused:
		return terminal.Bad
	case fleet.Bare, fleet.Stale:
		return terminal.Warn
	case fleet.Current:
		return terminal.Good
	}
	return terminal.Plain
}

// printProblems prints the verdict, the workloads, and how to repair them.
func printProblems(out io.Writer, place string, problems []*fleet.Workload, now time.Time) error {
	t := terminal.Of(out)
	var b strings.Builder
	if len(problems) == 0 {
		fmt.Fprintf(&b, "%s: every pod in %s up to date\n", t.Paint(terminal.Good, "up to date"), place)
		_, err := io.WriteString(out, b.String())
		return err
	}
	fmt.Fprintf(&b, "%s in %s\n\n", t.Paint(terminal.Bold, verdict(problems)), place)
	rows := [][]terminal.Cell{terminal.Row("NAMESPACE", "WORKLOAD", "STATE", "PODS", "AGE", "WHY")}
	for _, w := range problems {
		rows = append(rows, []terminal.Cell{{Text: w.Namespace}, {Text: w.Kind + "/" + w.Name}, {Text: string(w.State), Tone: toneOf(w.State)},
			{Text: fmt.Sprintf("%d/%d", w.Affected, w.Pods)}, {Text: age(w.Since, now)}, {Text: w.Why}})
	}
	b.WriteString(t.Table(rows...))
	b.WriteString("\nrepair\n")
	for _, w := range problems {
		b.WriteString("  " + repairLine(w.Identity, w.Repair) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// repairLine returns a shell command, with the note as its comment.
func repairLine(id fleet.Identity, r fleet.Repair) string {
	switch {
	case r.Command == "":
		return fmt.Sprintf("# %s/%s in %s: %s", id.Kind, id.Name, id.Namespace, r.Note)
	case r.Note == "":
		return r.Command
	}
	return r.Command + "  # " + r.Note
}

func verdict(problems []*fleet.Workload) string {
	count := map[fleet.State]int{}
	for _, w := range problems {
		count[w.State]++
	}
	var parts []string
	for _, state := range fleet.States() {
		if n := count[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return fmt.Sprintf("%d out of date: %s", len(problems), strings.Join(parts, ", "))
}

// age formats an age like kubectl.
func age(since, now time.Time) string { return duration.HumanDuration(now.Sub(since)) }
