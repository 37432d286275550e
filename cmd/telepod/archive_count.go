//go:build !injector

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/archive"
)

const archiveCountLong = `Count spans, data points and log records for each cloud, region and service, by reading the archive.
Clouds, regions and services are what the data says of itself, whatever folder it is in.

An object that is damaged is named and left out, and the exit code is then 1.`

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
	cmd.Flags().IntVar(&parallel, "parallel", parallel, "objects that are read at a time")
	output := choiceFlag(cmd, "output", "o", "table", "json")
	cmd.RunE = interruptible(func(cmd *cobra.Command) error {
		s, err := f.selection(cmd, time.Now())
		if err != nil {
			return err
		}
		store, listing, err := f.find(cmd, s)
		if err != nil {
			return ended(cmd, err)
		}
		counting := archive.Count{Store: store, Selection: s, Parallel: parallel}
		show := newProgress(cmd.ErrOrStderr(), "count", listing.Objects)
		counting.Observe = show.update
		tally, problems, err := counting.Run(cmd.Context(), listing.Objects)
		show.close()
		if err != nil {
			return ended(cmd, err)
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SIGNAL\tCLOUD\tREGION\tSERVICE\tITEMS\tREPLAYED")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\n", r.Signal, archive.Printable(r.Cloud), archive.Printable(r.Region), archive.Printable(r.Service), r.Items, r.Replayed)
	}
	for _, signal := range archive.Signals() {
		if n, has := sums[signal]; has {
			fmt.Fprintf(w, "%s\t\t\tall\t%d\t\n", signal, n)
		}
	}
	return w.Flush()
}
