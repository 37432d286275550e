//go:build !injector

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/terminal"
)

const archiveCountLong = `Count spans, data points and log records for each cloud, region and service, by reading the archive.
Clouds, regions and services come from the attributes of the data, regardless of its folder.

Damaged objects are listed and skipped; the exit code is then 1.`

const archiveCountExample = `  telepod archive count --bucket example-telemetry --from 1h
  telepod archive count --bucket example-telemetry --signal traces --cloud gcp --every-folder -o json`

func newArchiveCountCommand() *cobra.Command {
	f := &archiveFlags{}
	parallel := 4
	cmd := &cobra.Command{
		Use:     "count --bucket NAME",
		Short:   "Count spans, data points and log records by cloud, region and service",
		Long:    archiveCountLong,
		Example: archiveCountExample,
		Args:    arguments(cobra.NoArgs),
	}
	f.register(cmd)
	cmd.Flags().IntVar(&parallel, "parallel", parallel, "number of objects to read at the same time")
	output := choiceFlag(cmd, "output", "o", "table", "json")
	cmd.RunE = interruptible(func(cmd *cobra.Command) error {
		s, err := f.selection(cmd, time.Now())
		if err != nil {
			return err
		}
		store, listing, err := f.find(cmd, s)
		if err != nil {
			return runError(cmd, err)
		}
		counting := archive.Count{Store: store, Selection: s, Parallel: parallel}
		show := newProgress(cmd.ErrOrStderr(), "count", listing.Objects)
		counting.Observe = show.update
		tally, problems, err := counting.Run(cmd.Context(), listing.Objects)
		show.Stop()
		if err != nil {
			return runError(cmd, err)
		}
		if err := printTally(cmd.OutOrStdout(), tally, output.value); err != nil {
			return err
		}
		return reportProblems(cmd.ErrOrStderr(), problems, "counted")
	})
	return cmd
}

// tallied is a line of a tally in JSON.
type tallied struct {
	archive.Source
	archive.Amount
}

func printTally(out io.Writer, tally archive.Tally, output string) error {
	rows := []tallied{}
	sums := map[archive.Signal]int64{}
	for _, source := range tally.Sources() {
		rows = append(rows, tallied{source, tally[source]})
		sums[source.Signal] += tally[source].Items
	}
	if output == "json" {
		return printJSON(out, rows)
	}
	if len(rows) == 0 {
		return nil
	}
	table := [][]terminal.Cell{terminal.Row("SIGNAL", "CLOUD", "REGION", "SERVICE", "ITEMS", "REPLAYED")}
	for _, r := range rows {
		table = append(table, terminal.Row(string(r.Signal), archive.Printable(r.Cloud), archive.Printable(r.Region), archive.Printable(r.Service), fmt.Sprint(r.Items), fmt.Sprint(r.Replayed)))
	}
	for _, signal := range archive.Signals() {
		if n, has := sums[signal]; has {
			table = append(table, terminal.Row(string(signal), "", "", "all", fmt.Sprint(n)))
		}
	}
	_, err := io.WriteString(out, terminal.Of(out).Table(table...))
	return err
}
