//go:build !injector

package main

import (
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/terminal"
)

const archiveListLong = `List the contents of the archive: objects, their size and the times at which they were archived, for each
signal, cloud and region. Clouds and regions come from the names of the folders; no object is read.`

const archiveListExample = `  telepod archive list --bucket example-telemetry
  telepod archive list --bucket example-telemetry --signal traces --from 24h --by hour
  telepod archive list --bucket example-telemetry -o json | jq '[.[].bytes] | add'`

func newArchiveListCommand() *cobra.Command {
	f := &archiveFlags{}
	cmd := &cobra.Command{
		Use:     "list --bucket NAME",
		Short:   "List the contents of the archive, by signal, cloud and region",
		Long:    archiveListLong,
		Example: archiveListExample,
		Args:    arguments(cobra.NoArgs),
	}
	f.register(cmd)
	by := choiceFlag(cmd, "by", "", "all", "day", "hour", "minute")
	output := choiceFlag(cmd, "output", "o", "table", "json")
	cmd.RunE = interruptible(func(cmd *cobra.Command) error {
		s, err := f.selection(cmd, time.Now())
		if err != nil {
			return err
		}
		_, listing, err := f.find(cmd, s)
		if err != nil {
			return runError(cmd, err)
		}
		rows := archive.Summarize(listing.Objects, spans()[by.value])
		if output.value == "json" {
			return printJSON(cmd.OutOrStdout(), rows)
		}
		return printPartitions(cmd.OutOrStdout(), rows, by.value != "all")
	})
	return cmd
}

// spans returns the choices of --by.
func spans() map[string]time.Duration {
	return map[string]time.Duration{"day": 24 * time.Hour, "hour": time.Hour, "minute": time.Minute}
}

func printPartitions(out io.Writer, rows []archive.Summary, timed bool) error {
	if len(rows) == 0 {
		return nil
	}
	table := [][]terminal.Cell{terminal.Row("SIGNAL", "CLOUD", "REGION", "OBJECTS", "SIZE", "FIRST", "LAST")}
	if timed {
		table = [][]terminal.Cell{terminal.Row("SIGNAL", "CLOUD", "REGION", "TIME", "OBJECTS", "SIZE")}
	}
	for _, r := range rows {
		signal, cloud, region, objects := string(r.Signal), archive.Printable(r.Cloud), archive.Printable(r.Region), strconv.Itoa(r.Objects)
		if timed {
			table = append(table, terminal.Row(signal, cloud, region, stamp(r.Time), objects, size(r.Bytes)))
		} else {
			table = append(table, terminal.Row(signal, cloud, region, objects, size(r.Bytes), stamp(r.First), stamp(r.Last)))
		}
	}
	_, err := io.WriteString(out, terminal.Of(out).Table(table...))
	return err
}
