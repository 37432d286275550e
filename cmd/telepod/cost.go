//go:build !injector

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/terminal"
)

const costLong = `Show what telemetry costs this month so far, by cluster, namespace or service, from the Prometheus that runs the
chart's rules. The amounts are those of the cost dashboard: egress, archive, trace store, and destinations that have
a price, at the prices in the chart's values.

The cost of spans is divided among services by the number of their spans. Metrics and logs are not counted by service:
their cost is a separate line, so that the lines add up. MEASURED is the share of the month so far for which Prometheus
has data; the amounts so far cover only that time. The last column is the cost of thirty days at the rate of the last day; the
one before it adds the rest of this month at that rate to the amount so far.

'telepod cost estimate' estimates a month in advance.`

const costExample = `  telepod cost --prometheus https://prometheus.example
  telepod cost --by service --prometheus https://prometheus.example -o json`

// costFlags are the flags of `telepod cost`.
type costFlags struct {
	prometheusFlags
	clusters []string
	timeout  time.Duration
	by       *choice
	output   *choice
}

func newCostCommand() *cobra.Command {
	f := &costFlags{}
	cmd := &cobra.Command{
		Use:     "cost --prometheus URL",
		Short:   "Show what telemetry costs this month, by cluster, namespace or service",
		Long:    costLong,
		Example: costExample,
	}
	group(cmd, newCostEstimateCommand())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd) }
	f.register(cmd)
	cmd.Flags().StringSliceVar(&f.clusters, "clusters", nil, "names of clusters; defaults to all")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "time limit for all queries")
	f.by = choiceFlag(cmd, "by", "", "cluster", "namespace", "service")
	cmd.Flags().Lookup("by").Usage = "what each line shows"
	f.output = choiceFlag(cmd, "output", "o", "table", "json")
	return cmd
}

func (f *costFlags) run(cmd *cobra.Command) error {
	if err := f.open(cmd); err != nil {
		return err
	}
	if f.server == nil {
		return wrongUsage(cmd, "--prometheus is required: set it to a URL, or set %s", envPrometheus)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	months, err := cost.Months(ctx, f.server)
	if err != nil {
		return err
	}
	for _, name := range f.clusters {
		if _, ok := months[name]; !ok {
			return fmt.Errorf("no cost is recorded for cluster %q%s", name, profiles.DidYouMean(name, slices.Collect(maps.Keys(months))))
		}
	}
	if len(f.clusters) > 0 {
		maps.DeleteFunc(months, func(name string, _ cost.Month) bool { return !slices.Contains(f.clusters, name) })
	}
	if f.by.value == "cluster" {
		return f.print(cmd, months, monthTable(months, time.Now()))
	}
	lines, err := cost.Services(ctx, f.server, months, time.Now())
	if err != nil {
		return err
	}
	if f.by.value == "namespace" {
		lines = cost.Namespaces(lines)
	}
	return f.print(cmd, lines, serviceTable(lines, months, f.by.value == "service"))
}

func (f *costFlags) print(cmd *cobra.Command, data any, table [][]terminal.Cell) error {
	out := cmd.OutOrStdout()
	if f.output.value == "json" {
		return printJSON(out, data)
	}
	_, err := io.WriteString(out, terminal.Of(out).Table(table...))
	return err
}

func monthTable(months map[string]cost.Month, now time.Time) [][]terminal.Cell {
	parts, months := partsOf(months)
	head := terminal.Row("CLUSTER")
	for _, of := range parts {
		head = append(head, terminal.Row(named(strings.ToUpper(strings.ReplaceAll(of, "-", " ")), "OTHER"))...)
	}
	end := "TO THE END OF " + strings.ToUpper(now.UTC().Month().String())
	table := [][]terminal.Cell{append(head, terminal.Row("SO FAR", "MEASURED", end, "PER 30 DAYS")...)}
	total := cost.Month{Parts: map[string]float64{}, Projected: new(float64), Per30Days: new(float64)}
	for _, name := range slices.Sorted(maps.Keys(months)) {
		m := months[name]
		table = append(table, monthRow(named(name, "(no name)"), parts, m))
		total.Dollars += m.Dollars
		total.Projected, total.Per30Days = plus(total.Projected, m.Projected), plus(total.Per30Days, m.Per30Days)
		for of, dollars := range m.Parts {
			total.Parts[of] += dollars
		}
	}
	if len(months) > 1 {
		row := monthRow("all", parts, total)
		for i := range row {
			row[i].Tone = terminal.Bold
		}
		table = append(table, row)
	}
	return table
}

// plus adds two amounts; nil if either is unknown.
func plus(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	sum := *a + *b
	return &sum
}

// dollars formats an amount that may be unknown.
func dollars(n *float64) string {
	if n == nil {
		return "–"
	}
	return status.Dollars(*n)
}

// mostParts limits the number of additional columns, because their names come from a metric's label.
const mostParts = 3

// otherParts is the column for the categories without a separate column.
const otherParts = "others"

// partsOf returns the categories of costs: those of every estate, then the most expensive others, sorted by name. The
// months that it returns add up the cheaper ones.
func partsOf(months map[string]cost.Month) ([]string, map[string]cost.Month) {
	parts, dollars := []string{"egress", "archive", "trace-store"}, map[string]float64{}
	for _, m := range months {
		for of, n := range m.Parts {
			if !slices.Contains(parts, of) {
				dollars[of] += n
			}
		}
	}
	rest := slices.SortedFunc(maps.Keys(dollars), func(a, b string) int {
		return cmp.Or(cmp.Compare(dollars[b], dollars[a]), cmp.Compare(a, b))
	})
	if len(rest) <= mostParts {
		return append(parts, slices.Sorted(slices.Values(rest))...), months
	}
	parts = append(parts, slices.Sorted(slices.Values(rest[:mostParts]))...)
	folded := map[string]cost.Month{}
	for name, m := range months {
		sums := map[string]float64{}
		for of, n := range m.Parts {
			if !slices.Contains(parts, of) {
				of = otherParts
			}
			sums[of] += n
		}
		m.Parts = sums
		folded[name] = m
	}
	return append(slices.DeleteFunc(parts, func(of string) bool { return of == otherParts }), otherParts), folded
}

// projectedFrom returns a remark about a projection from less than an hour of data, which can be far off.
func projectedFrom(m cost.Month) string {
	if m.ProjectedFrom == nil || *m.ProjectedFrom >= time.Hour.Seconds() {
		return ""
	}
	return fmt.Sprintf(" (projected from %s)", fleet.Count(max(1, int(*m.ProjectedFrom/60)), "minute"))
}

func monthRow(name string, parts []string, m cost.Month) []terminal.Cell {
	measured, soFar := "", &m.Dollars
	if m.Measured != nil {
		measured = status.Percent(*m.Measured)
	}
	if m.Unmeasured() {
		soFar, m.Parts = nil, nil
	}
	row := terminal.Row(name)
	for _, of := range parts {
		text := "–"
		if dollars, ok := m.Parts[of]; ok {
			text = status.Dollars(dollars)
		}
		row = append(row, terminal.Cell{Text: text})
	}
	return append(row, terminal.Row(dollars(soFar), measured, dollars(m.Projected)+projectedFrom(m), dollars(m.Per30Days))...)
}

func serviceTable(lines []cost.Line, months map[string]cost.Month, services bool) [][]terminal.Cell {
	head := terminal.Row("CLUSTER", "NAMESPACE")
	if services {
		head = append(head, terminal.Row("SERVICE")...)
	}
	table := [][]terminal.Cell{append(head, terminal.Row("SPANS", "SHARE", "SO FAR", "PER 30 DAYS")...)}
	for _, l := range lines {
		row, soFar := terminal.Row(named(l.Cluster, "(no name)")), &l.Dollars
		if months[l.Cluster].Unmeasured() {
			soFar = nil
		}
		if l.Rest {
			row = append(row, terminal.Cell{Text: "(not counted by service)", Tone: terminal.Faint})
			if services {
				row = append(row, terminal.Cell{})
			}
			table = append(table, append(row, terminal.Row("–", "–", dollars(soFar), dollars(l.Per30Days))...))
			continue
		}
		row = append(row, terminal.Cell{Text: named(l.Namespace, "(none)")})
		if services {
			row = append(row, terminal.Cell{Text: named(l.Service, "(none)")})
		}
		table = append(table, append(row, terminal.Row(status.Number(*l.Spans), fmt.Sprintf("%.1f %%", 100**l.Share), dollars(soFar), dollars(l.Per30Days))...))
	}
	return table
}

// named makes the value of a label, which is not trusted, safe to print.
func named(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return fleet.Printable(text)
}
