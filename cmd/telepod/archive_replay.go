//go:build !injector

package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/otlp"
)

const archiveReplayLong = `Send a time window of the archive to an OTLP endpoint: a store that lost data, a new store, or a
Collector in front of it.

The data is sent unchanged, except that resources get the attribute ` + archive.ReplayAttribute + ` with the replay's name
(--mark=false disables that). Archived data that has this attribute came from an earlier replay into a central site.
It is left out, unless --replayed is set.

With --checkpoint, run the same command again to continue a replay that was interrupted or killed. No data is missing
then. At most --parallel objects, those that were in flight, are sent twice.

Damaged objects, and data that the endpoint rejects permanently, are listed and skipped; the exit code is
then 1. While the endpoint is unavailable, requests are retried for --give-up-after.`

const archiveReplayExample = `  telepod archive replay --bucket example-telemetry --signal traces --from 2026-11-22T10:00 --to 2026-11-22T11:00 \
    --endpoint http://jaeger-collector:4317 --checkpoint replay.json
  telepod archive replay --bucket example-telemetry --cloud aws --region us-east-1 --from 6h --dry-run
  telepod archive replay --bucket example-telemetry --from 1h --endpoint https://otlp.example.com --protocol http/protobuf \
    --ca ca.crt --cert tls.crt --key tls.key --rate 20000 --byte-rate 5M`

type replayFlags struct {
	archiveFlags
	targetFlags
	checkpoint string
	rate       int
	byteRate   string
	parallel   int
	mark       bool
	replayed   bool
	dryRun     bool
	output     *choice
}

func newArchiveReplayCommand() *cobra.Command { return newReplayCommand(&replayFlags{}) }

func newReplayCommand(f *replayFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "replay --bucket NAME --endpoint URL",
		Short:   "Send a window of the archive to an OTLP endpoint",
		Long:    archiveReplayLong,
		Example: archiveReplayExample,
		Args:    arguments(cobra.NoArgs),
		RunE:    interruptible(f.run),
	}
	f.archiveFlags.register(cmd)
	f.targetFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.checkpoint, "checkpoint", "", "file that records progress, to continue after an interruption")
	flags.IntVar(&f.rate, "rate", 0, "maximum number of spans, data points and log records per second; 0 means no limit")
	flags.StringVar(&f.byteRate, "byte-rate", "0", "maximum number of bytes per second before compression, such as 5M; 0 means no limit")
	flags.IntVar(&f.parallel, "parallel", 4, "number of objects in flight at the same time")
	flags.BoolVar(&f.mark, "mark", true, "add the attribute "+archive.ReplayAttribute+" to resources")
	flags.BoolVar(&f.replayed, "replayed", false, "also send data that came from an earlier replay")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be sent")
	f.output = choiceFlag(cmd, "output", "o", "text", "json")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command) error {
	replay, err := f.replay(cmd, time.Now())
	if err != nil {
		return err
	}
	if f.dryRun {
		return f.preview(cmd, replay.Selection)
	}
	options, err := f.targetFlags.options(cmd)
	if err != nil {
		return err
	}
	if f.checkpoint != "" {
		if replay.Checkpoint, err = archive.OpenCheckpoint(f.checkpoint, f.start(replay)); err != nil {
			return err
		}
		defer replay.Checkpoint.Close()
		replay.Selection.Window, replay.Mark = replay.Checkpoint.Window, replay.Checkpoint.Name
	}
	return f.send(cmd, replay, options)
}

// replay returns the replay that the flags describe, without source and target.
func (f *replayFlags) replay(cmd *cobra.Command, now time.Time) (*archive.Replay, error) {
	s, err := f.selection(cmd, now)
	if err != nil {
		return nil, err
	}
	bytes, err := resource.ParseQuantity(f.byteRate)
	// Kubernetes quantities also have small units: 5m is 0.005.
	if err != nil || bytes.Sign() < 0 || strings.ContainsAny(f.byteRate, "num") {
		return nil, wrongUsage(cmd, "--byte-rate=%q: write a number such as 500k, 5M or 5Mi", f.byteRate)
	}
	if f.rate < 0 || f.parallel < 1 {
		return nil, wrongUsage(cmd, "--rate must not be negative, and --parallel must be at least 1")
	}
	return &archive.Replay{
		Selection: s, Replayed: f.replayed, Parallel: f.parallel,
		Mark:           now.UTC().Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:6]),
		ItemsPerSecond: f.rate, BytesPerSecond: int(bytes.Value()),
	}, nil
}

// start returns the identity of a replay, for its checkpoint.
func (f *replayFlags) start(r *archive.Replay) archive.Start {
	asked := fmt.Sprintf("signals=%s cloud=%s region=%s from=%s to=%s every-folder=%v mark=%v replayed=%v",
		strings.Join(f.signals, ","), f.cloud, f.region, f.from, f.to, f.everyFolder, f.mark, f.replayed)
	return archive.Start{
		Terms: archive.Terms{
			Bucket: strings.TrimSuffix(f.location.Endpoint+"/"+f.location.Name, "/"),
			Target: f.endpoint, Asked: asked,
		},
		Name: r.Mark, Window: r.Selection.Window,
	}
}

// preview prints what would be sent.
func (f *replayFlags) preview(cmd *cobra.Command, s archive.Selection) error {
	_, listing, err := f.find(cmd, s)
	if err != nil {
		return runError(cmd, err)
	}
	rows := archive.Summarize(listing.Objects, 0)
	if f.output.value == "json" {
		return printJSON(cmd.OutOrStdout(), rows)
	}
	if err := printPartitions(cmd.OutOrStdout(), rows, false); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "would replay %d object(s)\n", len(listing.Objects))
	return nil
}

func (f *replayFlags) send(cmd *cobra.Command, replay *archive.Replay, o otlp.Options) error {
	store, listing, err := f.find(cmd, replay.Selection)
	if err != nil {
		return runError(cmd, err)
	}
	var show *progress
	o.Retry = func(reason error, _ time.Duration) { show.away(reason) }
	client, err := otlp.New(o)
	if err != nil {
		return err
	}
	defer client.Close()
	name := replay.Mark
	if !f.mark {
		replay.Mark = ""
	}
	replay.Store, replay.Sender = store, client
	show = newProgress(cmd.ErrOrStderr(), "replay", listing.Objects)
	replay.Observe = show.replayed
	show.Println(fmt.Sprintf("replay %s: %d object(s) to %s, %d of them already delivered", name, len(listing.Objects), f.endpoint, replay.Checkpoint.Len()))
	result, err := replay.Run(cmd.Context(), listing.Objects)
	show.Stop()
	if f.output.value == "json" {
		if failed := printJSON(cmd.OutOrStdout(), replayJSON(name, f.endpoint, result, err)); failed != nil {
			return failed
		}
	} else {
		printReplay(cmd.OutOrStdout(), result)
	}
	return f.verdict(cmd, result, err)
}

// replayReport is the result of a replay in the JSON output.
type replayReport struct {
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
	// Complete: every object arrived.
	Complete bool `json:"complete"`
	// Objects counts objects that were replayed now, Before those of earlier runs. Problems describes incomplete objects.
	Objects  int      `json:"objects"`
	Before   int      `json:"before"`
	Problems []string `json:"problems,omitempty"`
	Requests int64    `json:"requests"`
	Items    int64    `json:"items"`
	Bytes    int64    `json:"bytes"`
	// Rejected counts rejected items, with the receiver's Message; LeftOut counts items of earlier replays.
	Rejected int64  `json:"rejected"`
	Message  string `json:"message,omitempty"`
	LeftOut  int64  `json:"leftOut"`
	// Error is why the replay ended early.
	Error string `json:"error,omitempty"`
}

func replayJSON(name, endpoint string, r archive.Result, err error) replayReport {
	report := replayReport{Name: name, Endpoint: endpoint, Complete: err == nil && len(r.Problems) == 0 && r.Rejected == 0,
		Objects: r.Objects - r.Before - len(r.Problems), Before: r.Before, Requests: r.Requests, Items: r.Items, Bytes: r.Bytes,
		Rejected: r.Rejected, Message: archive.Printable(r.Message), LeftOut: r.Again}
	for _, problem := range r.Problems {
		report.Problems = append(report.Problems, archive.Printable(problem.Error()))
	}
	if err != nil {
		report.Error = archive.Printable(err.Error())
	}
	return report
}

func printReplay(out io.Writer, r archive.Result) {
	fmt.Fprintf(out, "replayed %d item(s), %s, from %d object(s) in %d request(s)\n",
		r.Items, size(r.Bytes), r.Objects-r.Before-len(r.Problems), r.Requests)
	if r.Before > 0 {
		fmt.Fprintf(out, "%d object(s) were already delivered\n", r.Before)
	}
	if r.Again > 0 {
		fmt.Fprintf(out, "%d item(s) left out, because they came from an earlier replay\n", r.Again)
	}
}

// verdict returns nil if everything was sent.
func (f *replayFlags) verdict(cmd *cobra.Command, r archive.Result, err error) error {
	if r.Message != "" && r.Rejected == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %s reports: %s\n", f.endpoint, archive.Printable(r.Message))
	}
	problems := reportProblems(cmd.ErrOrStderr(), r.Problems, "replayed as a whole")
	if r.Rejected > 0 {
		problems = errors.Join(problems, fmt.Errorf("%d item(s) rejected by %s: %s", r.Rejected, f.endpoint, archive.Printable(cmp.Or(r.Message, "no reason given"))))
	}
	if err == nil {
		return problems
	}
	advice := "use --checkpoint to make an interrupted replay resumable"
	if f.checkpoint != "" {
		advice = fmt.Sprintf("run the same command again to continue; up to %d object(s) are sent twice", f.parallel)
	}
	return errors.Join(problems, fmt.Errorf("replay: %w; %s", runError(cmd, err), advice))
}
