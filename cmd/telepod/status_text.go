//go:build !injector

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/terminal"
)

// statusText returns the verdict, one row for each cluster, and the problems.
func statusText(t terminal.Terminal, rows []status.Row, now time.Time) string {
	var b strings.Builder
	verdict, good := status.Verdict(rows)
	tone := terminal.Bad
	if good {
		tone = terminal.Good
	}
	fmt.Fprintf(&b, "%s\n\n", t.Paint(tone, verdict))
	b.WriteString(t.Table(statusTable(rows, now)...))
	problems := 0
	for _, row := range rows {
		for _, p := range row.Problems {
			if problems == 0 {
				b.WriteByte('\n')
			}
			problems++
			sign, tone := "⚠", terminal.Warn
			if p.Severe {
				sign, tone = "✗", terminal.Bad
			}
			fmt.Fprintf(&b, "%s %s\n", t.Paint(tone, sign), t.Wrap(2, row.Context+": "+p.Text))
			if p.Repair != "" {
				fmt.Fprintf(&b, "  repair: %s\n", p.Repair)
			}
		}
	}
	for _, row := range rows {
		for _, note := range row.Notes() {
			if problems == 0 {
				b.WriteByte('\n')
			}
			problems++
			sign, tone := signOf(note.Status)
			fmt.Fprintf(&b, "%s %s\n", t.Paint(tone, sign), t.Wrap(2, row.Context+": "+note.Text))
		}
	}
	return b.String()
}

// statusTable includes the cost column only if a Prometheus is configured.
func statusTable(rows []status.Row, now time.Time) [][]terminal.Cell {
	priced := false
	for _, row := range rows {
		priced = priced || row.Month != nil
	}
	head := terminal.Row("CLUSTER", "INJECTOR", "PODS", "COLLECTORS", "SITE", "SINCE", "QUEUE", "LAST SWITCH", "CERT", "SPANS/S")
	if priced {
		head = append(head, terminal.Cell{Text: "MONTH SO FAR"})
	}
	table := [][]terminal.Cell{head}
	for _, row := range rows {
		cells := statusCells(row, now)
		if priced {
			cells = append(cells, cell(status.Money(row.Month), terminal.Plain))
		}
		table = append(table, cells)
	}
	return table
}

func statusCells(row status.Row, now time.Time) []terminal.Cell {
	if row.Error != "" {
		return []terminal.Cell{{Text: row.Context}, {Text: "not read", Tone: terminal.Bad}}
	}
	cells := []terminal.Cell{{Text: row.Context}, replicasCell(row.Injector), podsCell(row.Pods), replicasCell(row.Collectors)}
	site, since, queue, last, spans := cell("", terminal.Plain), cell("", terminal.Plain), cell("", terminal.Plain), cell("", terminal.Plain), cell("", terminal.Plain)
	if traffic := row.Traffic; traffic != nil {
		if traffic.Site != nil {
			site, since = cell(traffic.Using(), toneIf(traffic.Site.Name != status.Primary, terminal.Warn)), cell(status.Ago(traffic.Site.Since, now), terminal.Plain)
		} else if traffic.Waiting != nil {
			site, since = cell(traffic.Using(), terminal.Bad), cell(status.Ago(traffic.Waiting.Since, now), terminal.Plain)
		}
		if traffic.Queue != nil {
			queue = cell(traffic.Queue.String(), toneIf(traffic.Queue.Full(), terminal.Bad))
		}
		if last = cell("none", terminal.Plain); traffic.LastSwitch != nil {
			last = cell(status.Ago(*traffic.LastSwitch, now)+" ago", terminal.Plain)
		}
		spans = cell(traffic.Spans(), terminal.Plain)
	}
	certificate := cell("", terminal.Plain)
	if c := row.Certificate; c != nil {
		certificate = cell(c.Left(now), toneIf(c.Soon(now), terminal.Warn))
	}
	return append(cells, site, since, queue, last, certificate, spans)
}

// cell shows a dash for a value that was not read.
func cell(text string, tone terminal.Tone) terminal.Cell {
	if text == "" {
		return terminal.Cell{Text: "–", Tone: terminal.Faint}
	}
	return terminal.Cell{Text: text, Tone: tone}
}

func toneIf(yes bool, tone terminal.Tone) terminal.Tone {
	if yes {
		return tone
	}
	return terminal.Plain
}

func replicasCell(r *status.Replicas) terminal.Cell {
	if r == nil {
		return cell("", terminal.Plain)
	}
	switch {
	case r.Ready == 0:
		return cell(r.String(), terminal.Bad)
	case r.Ready < r.Wanted:
		return cell(r.String(), terminal.Warn)
	}
	return cell(r.String(), terminal.Good)
}

func podsCell(p *status.Pods) terminal.Cell {
	if p == nil {
		return cell("", terminal.Plain)
	}
	return cell(p.String(), toneIf(p.Bare+p.Stale+p.Refused > 0, terminal.Warn))
}
