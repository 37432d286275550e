//go:build !injector

package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/terminal"
)

// of selects the lines of one cluster.
func of(lines []checks.Line, kubeContext string) (found []checks.Line) {
	for _, line := range lines {
		if line.Context == kubeContext {
			found = append(found, line)
		}
	}
	return found
}

// contextsOf returns the contexts of clusters.
func contextsOf(clusters []*inventory.Cluster) (list []string) {
	for _, c := range clusters {
		list = append(list, c.Context)
	}
	return list
}

// checkText shows the verdicts, then the problems and, unless it is quiet, the healthy lines of each cluster.
func checkText(t terminal.Terminal, contexts []string, lines []checks.Line, quiet bool) string {
	var b strings.Builder
	if len(contexts) > 1 {
		b.WriteString(checkTable(t, contexts, lines) + "\n")
	}
	for i, name := range contexts {
		if i > 0 {
			b.WriteByte('\n')
		}
		clusterText(&b, t, name, of(lines, name), quiet)
	}
	return b.String()
}

// checkTable compares the clusters.
func checkTable(t terminal.Terminal, contexts []string, lines []checks.Line) string {
	rows := [][]terminal.Cell{terminal.Row("CONTEXT", "FAILED", "UNKNOWN", "WARNINGS", "OK", "FIRST")}
	for _, name := range contexts {
		ofCluster := of(lines, name)
		n := countLines(ofCluster)
		row := terminal.Row(name, fmt.Sprint(n[checks.Failed]), fmt.Sprint(n[checks.Unknown]), fmt.Sprint(n[checks.Warning]), fmt.Sprint(n[checks.OK]), "")
		if len(ofCluster) > 0 && ofCluster[0].Status.Problem() {
			sign, tone := signOf(ofCluster[0].Status)
			row[5] = terminal.Cell{Text: sign + " " + ofCluster[0].Seen, Tone: tone}
		}
		rows = append(rows, row)
	}
	return t.Table(rows...)
}

// countLines counts lines by status, without consequences of other problems.
func countLines(lines []checks.Line) map[checks.Status]int {
	count := map[checks.Status]int{}
	for _, line := range lines {
		if line.Because == "" {
			count[line.Status]++
		}
	}
	return count
}

func clusterText(b *strings.Builder, t terminal.Terminal, name string, lines []checks.Line, quiet bool) {
	n := countLines(lines)
	fmt.Fprintf(b, "%s\n", t.Paint(terminal.Bold, fmt.Sprintf("context %s: %d failed, %d unknown, %s, %d ok", name, n[checks.Failed], n[checks.Unknown], fleet.Count(n[checks.Warning], "warning"), n[checks.OK])))
	section := ""
	for _, line := range lines {
		if quiet && !line.Status.Problem() {
			continue
		}
		title := "problems"
		if !line.Status.Problem() {
			title = line.Section
		}
		if title != section {
			section = title
			fmt.Fprintf(b, "\n%s\n", section)
		}
		problemText(b, t, "", line)
	}
}

// problemText shows a line, after a label, and its repair.
func problemText(b *strings.Builder, t terminal.Terminal, label string, line checks.Line) {
	sign, tone := signOf(line.Status)
	if line.Because != "" {
		fmt.Fprintf(b, "    %s\n", t.Paint(terminal.Faint, "so "+t.Wrap(7, sign+" "+line.Seen)))
		return
	}
	fmt.Fprintf(b, "  %s %s\n", t.Paint(tone, sign), t.Wrap(4, label+line.Seen))
	if line.Repair != "" {
		fmt.Fprintf(b, "    repair: %s\n", line.Repair)
	}
}

func signOf(status checks.Status) (string, terminal.Tone) {
	switch status {
	case checks.Failed:
		return "✗", terminal.Bad
	case checks.Unknown:
		return "?", terminal.Warn
	case checks.Warning:
		return "⚠", terminal.Warn
	case checks.Skipped:
		return "–", terminal.Faint
	}
	return "✓", terminal.Good
}

// The elements of JUnit's format that CI systems show.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// printJUnit prints a suite for each cluster and a case for each line. Warnings pass; their text is in system-out.
func printJUnit(out io.Writer, lines []checks.Line) error {
	var all junitSuites
	for _, line := range lines {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != line.Context {
			all.Suites = append(all.Suites, junitSuite{Name: line.Context})
		}
		suite := &all.Suites[len(all.Suites)-1]
		c := junitCase{Class: "telepod.check." + line.Section, Name: line.Code + ": " + line.Seen}
		suite.Tests++
		switch line.Status {
		case checks.Failed, checks.Unknown:
			suite.Failures++
			c.Failure = &junitMessage{line.Seen, string(line.Status), line.Repair}
		case checks.Skipped:
			suite.Skipped++
			c.Skipped = &junitMessage{Message: line.Seen}
		case checks.Warning:
			c.Out = "warning: " + line.Repair
		}
		suite.Cases = append(suite.Cases, c)
	}
	encoded, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s%s\n", xml.Header, encoded)
	return err
}
