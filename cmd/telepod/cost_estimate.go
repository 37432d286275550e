//go:build !injector

package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/terminal"
)

const costEstimateLong = `Estimate the cost of a month of telemetry in advance: egress, archive and trace store, with the formulas of the cost
dashboard and the list prices in the chart's values (--prices for your own). Destinations are included if the values of
--prices contain them, in central.destinations or regional.destinations, and their price in cost.destinations. If --keep
is not set, central.sampling.keepPercent of these values applies. For an estate file, pass the values that 'telepod estate
render' writes for the primary site's cluster.

Rates are totals of all clusters, which are assumed to send the same amount each. Sizes are means in OTLP before
compression. Their defaults, and that of --compressed, are assumptions: a span of 550 bytes has a dozen attributes. If
Telepod is already running, measure yours: telepod:received_bytes:rate5m / telepod:received_items:rate5m and
telepod:compression:ratio.

Not included: compute and disks of the Collectors, metrics storage, a log store, requests to object stores, egress to
destinations, and the clouds' own tools. Rules of destinations are ignored: each destination is assumed to receive all
of its signals.`

const costEstimateExample = `  telepod cost estimate --spans 2000/s --logs 500/s --clusters aws=2,gcp=1 --site aws
  telepod cost estimate --spans 20k/s --clusters aws=3 --keep 10% --trace-days 7 --archive-months 12 -o json
  telepod cost estimate --spans 2000/s --clusters azure=1 --prices values.yaml`

// Assumptions, which the output repeats: OTLP bytes per item, and the compression ratio. A span with a dozen
// attributes has 550 bytes (docs/pipelines.md); the others are round numbers.
const (
	assumedSpanBytes  = 550
	assumedLogBytes   = 400
	assumedPointBytes = 200
	assumedCompressed = 0.2
)

// estimateFlags are the flags of `telepod cost estimate`.
type estimateFlags struct {
	demand              cost.Demand
	spans, logs, points perSecond
	kept, compressed    share
	prices              string
	output              *choice
}

func newCostEstimateCommand() *cobra.Command {
	f := &estimateFlags{kept: 1, compressed: assumedCompressed}
	cmd := &cobra.Command{
		Use:     "estimate --spans RATE --clusters CLOUD=N,…",
		Short:   "Estimate the cost of a month in advance",
		Long:    costEstimateLong,
		Example: costEstimateExample,
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.Var(&f.spans, "spans", "spans per second, such as 2000/s or 20k/s")
	flags.Var(&f.logs, "logs", "log records per second")
	flags.Var(&f.points, "points", "data points of metrics per second")
	flags.Float64Var(&f.demand.SpanBytes, "span-bytes", assumedSpanBytes, "mean size of a span")
	flags.Float64Var(&f.demand.LogBytes, "log-bytes", assumedLogBytes, "mean size of a log record")
	flags.Float64Var(&f.demand.PointBytes, "point-bytes", assumedPointBytes, "mean size of a data point")
	flags.Var(&f.compressed, "compressed", "compressed size, as a share of the size before compression")
	flags.StringToIntVar(&f.demand.Clusters, "clusters", nil, "number of clusters by cloud, such as aws=2,gcp=1")
	flags.StringVar(&f.demand.Site, "site", "", "cloud of the central site; defaults to the one with the most clusters")
	flags.Float64Var(&f.demand.ArchiveMonths, "archive-months", cost.ArchivedMonths, "retention of traces and logs in the archive, the first month in ordinary storage; 0 means no archive")
	flags.Var(&f.kept, "keep", "share of spans that tail sampling keeps: central.sampling.keepPercent, and what is slow or has errors; defaults to keepPercent in the values of --prices")
	flags.Float64Var(&f.demand.TraceDays, "trace-days", cost.DaysOfTraces, "retention of spans in the trace store; 0 means no trace store")
	flags.StringVar(&f.prices, "prices", "", "values file of the chart: its cost.prices replace the list prices, and its destinations with a price in cost.destinations are included; its central.sampling.keepPercent is the default of --keep")
	f.output = choiceFlag(cmd, "output", "o", "table", "json")
	return cmd
}

func (f *estimateFlags) run(cmd *cobra.Command) error {
	d := f.demand
	d.Spans, d.Logs, d.Points = float64(f.spans), float64(f.logs), float64(f.points)
	d.Kept, d.Compressed = float64(f.kept), float64(f.compressed)
	if d.Spans+d.Logs+d.Points == 0 {
		return wrongUsage(cmd, "there is nothing to estimate: set --spans, --logs or --points")
	}
	if d.Site == "" {
		d.Site = mostClusters(d.Clusters)
	}
	prices, err := cost.ListPrices()
	if err != nil {
		return err
	}
	if f.prices != "" {
		text, err := os.ReadFile(f.prices)
		if err != nil {
			return fmt.Errorf("read --prices: %w", err)
		}
		if prices, err = prices.With(text); err != nil {
			return fmt.Errorf("--prices %s: %w", f.prices, err)
		}
		if d.Destinations, err = cost.PricedDestinations(text); err != nil {
			return fmt.Errorf("--prices %s: %w", f.prices, err)
		}
		kept, err := cost.Kept(text)
		if err != nil {
			return fmt.Errorf("--prices %s: %w", f.prices, err)
		}
		if kept != nil && !cmd.Flags().Changed("keep") {
			d.Kept = *kept
		}
	}
	e, err := prices.Estimate(d)
	if err != nil {
		return wrongUsage(cmd, "%w", err)
	}
	if f.output.value == "json" {
		return printJSON(cmd.OutOrStdout(), e)
	}
	_, err = io.WriteString(cmd.OutOrStdout(), estimateText(terminal.Of(cmd.OutOrStdout()), e, f.priceList(e.Prices)))
	return err
}

// mostClusters returns the cloud with the most clusters; if tied, the first by name.
func mostClusters(clusters map[string]int) (most string) {
	for cloud, n := range clusters {
		if most == "" || n > clusters[most] || n == clusters[most] && cloud < most {
			most = cloud
		}
	}
	return most
}

// priceList describes the source of the prices.
func (f *estimateFlags) priceList(asOf string) string {
	if f.prices != "" {
		return "prices: cost.prices and cost.destinations in " + f.prices
	}
	return "prices: list prices, first tier, US regions, " + asOf + ": cost.prices in the chart's values; docs/operations.md names the clouds' pages"
}

func estimateText(t terminal.Terminal, e cost.Estimate, prices string) string {
	table := [][]terminal.Cell{terminal.Row("PART", "CLOUD", "A MONTH", "PER GB", "DOLLARS A MONTH")}
	for _, p := range e.Parts {
		of, cloud := p.Of, p.Cloud
		if p.Name != "" {
			of, cloud = of+" "+fleet.Printable(p.Name), "–"
		}
		table = append(table, terminal.Row(of, cloud, status.Bytes(p.Gigabytes*1e9), fmt.Sprintf("$%.3f", p.PerGigabyte), status.Dollars(p.Dollars)))
	}
	table = append(table, []terminal.Cell{{Text: "all", Tone: terminal.Bold}, {}, {}, {}, {Text: status.Dollars(e.Dollars), Tone: terminal.Bold}})
	d := e.Demand
	return t.Table(table...) + fmt.Sprintf("\nassumed: %g bytes a span, %g a log record, %g a data point; %g %% of that on the wire; %g %% of spans kept for %g days; archive of %g months\n",
		d.SpanBytes, d.LogBytes, d.PointBytes, 100*d.Compressed, 100*d.Kept, d.TraceDays, d.ArchiveMonths) + prices + "\n"
}

// perSecond is a flag for a rate (pflag.Value).
type perSecond float64

func (r *perSecond) String() string { return strconv.FormatFloat(float64(*r), 'g', -1, 64) }

// Type is the placeholder for the value in help.
func (r *perSecond) Type() string { return "rate" }

func (r *perSecond) Set(text string) error {
	number := strings.TrimSuffix(strings.TrimSpace(text), "/s")
	factor := 1.0
	for suffix, by := range map[string]float64{"k": 1e3, "M": 1e6} {
		if rest, ok := strings.CutSuffix(number, suffix); ok {
			number, factor = rest, by
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0 && n <= 1e12) {
		return fmt.Errorf("use a number per second, such as 2000/s or 20k/s")
	}
	*r = perSecond(n * factor)
	return nil
}

// share is a flag for a fraction, as 10% or 0.1 (pflag.Value).
type share float64

func (s *share) String() string { return strconv.FormatFloat(float64(*s)*100, 'g', -1, 64) + "%" }

// Type is the placeholder for the value in help.
func (s *share) Type() string { return "percent" }

func (s *share) Set(text string) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.ParseFloat(number, 64)
	if percent {
		n /= 100
	}
	if err != nil || !(n >= 0 && n <= 1) {
		return fmt.Errorf("use a share from 0%% to 100%%")
	}
	*s = share(n)
	return nil
}
