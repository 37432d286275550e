//go:build !injector

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/bucket"
	"github.com/telepod/telepod/profiles"
)

func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "List, count and replay the archives of central sites",
		Long: `List, count and replay the data that central sites wrote to their archive: a bucket of S3, or of an
S3-compatible service.

Credentials come from the usual sources of AWS programs: environment, shared files and profiles, IRSA, EKS Pod
Identity, instance metadata. For Google Cloud Storage, use --bucket-endpoint https://storage.googleapis.com, and
an HMAC key as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
	}
	group(cmd, newArchiveListCommand(), newArchiveCountCommand(), newArchiveReplayCommand())
	return cmd
}

// archiveFlags select an archive, and objects in it.
type archiveFlags struct {
	location    bucket.Location
	signals     []string
	cloud       string
	region      string
	from, to    string
	everyFolder bool
}

func (f *archiveFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.location.Name, "bucket", "", "bucket of the archive (required)")
	flags.StringVar(&f.location.Region, "bucket-region", "", "region of the bucket; defaults to AWS_REGION")
	flags.StringVar(&f.location.Endpoint, "bucket-endpoint", "", "URL of an S3-compatible service")
	flags.StringSliceVar(&f.signals, "signal", nil, "traces, metrics, logs; defaults to all")
	flags.StringVar(&f.cloud, "cloud", "", "cloud of the data, such as aws, or unknown")
	flags.StringVar(&f.region, "region", "", "region of the data, such as us-east-1")
	flags.StringVar(&f.from, "from", "", "archived at or after this time: 2026-11-22T10:04 (UTC), an RFC 3339 time, or a duration such as 90m for 90 minutes ago")
	flags.StringVar(&f.to, "to", "", "archived before this time; defaults to now")
	flags.BoolVar(&f.everyFolder, "every-folder", false, "search all folders for --cloud and --region, if folders contain data of several regions")
	completeFlag(cmd, "signal", func(*cobra.Command) []string { return signalNames() })
}

func signalNames() []string {
	var names []string
	for _, s := range archive.Signals() {
		names = append(names, string(s))
	}
	return names
}

// selection returns the selection of the flags. The window ends now at the latest, so that a replay into a site that
// archives the data terminates.
func (f *archiveFlags) selection(cmd *cobra.Command, now time.Time) (archive.Selection, error) {
	s := archive.Selection{Cloud: f.cloud, Region: f.region, EveryFolder: f.everyFolder}
	if f.location.Name == "" {
		return s, wrongUsage(cmd, "--bucket is required: set it to the name of the bucket")
	}
	for _, name := range f.signals {
		signal, err := signalOf(name)
		if err != nil {
			return s, wrongUsage(cmd, "--signal=%q: %v", name, err)
		}
		s.Signals = append(s.Signals, signal)
	}
	var err error
	if s.From, err = f.time(f.from, time.Time{}, now); err != nil {
		return s, wrongUsage(cmd, "--from: %v", err)
	}
	if s.To, err = f.time(f.to, now, now); err != nil {
		return s, wrongUsage(cmd, "--to: %v", err)
	}
	if s.To.After(now) {
		s.To = now
	}
	if !s.From.Before(s.To) {
		return s, wrongUsage(cmd, "--from %s is not before --to %s", stamp(s.From), stamp(s.To))
	}
	return s, nil
}

func (f *archiveFlags) time(text string, otherwise, now time.Time) (time.Time, error) {
	if text == "" {
		return otherwise.UTC(), nil
	}
	return archive.ParseTime(text, now)
}

func signalOf(name string) (archive.Signal, error) {
	for _, s := range archive.Signals() {
		if name == string(s) {
			return s, nil
		}
	}
	return "", fmt.Errorf("choose one of %s%s", strings.Join(signalNames(), ", "), profiles.DidYouMean(name, signalNames()))
}

// interruptible cancels a command's work at the first termination signal, and ends the program at the second.
func interruptible(work func(*cobra.Command) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
		defer stop()
		context.AfterFunc(ctx, stop)
		cmd.SetContext(ctx)
		return work(cmd)
	}
}

// find opens the bucket and lists the selected objects.
func (f *archiveFlags) find(cmd *cobra.Command, s archive.Selection) (*bucket.Bucket, archive.Listing, error) {
	store, err := bucket.Open(cmd.Context(), f.location)
	if err != nil {
		return nil, archive.Listing{}, err
	}
	listing, err := archive.List(cmd.Context(), store, s)
	if err == nil {
		noteListing(cmd.ErrOrStderr(), listing)
	}
	return store, listing, err
}

// noteListing prints notes on unexpected facts about the listing.
func noteListing(w io.Writer, l archive.Listing) {
	if len(l.Objects) == 0 {
		fmt.Fprintln(w, "note: no archived objects match the selection")
	}
	if n := len(l.Foreign); n > 0 {
		fmt.Fprintf(w, "note: %d object(s) in the bucket do not belong to the archive, such as %s\n", n, archive.Printable(l.Foreign[0]))
	}
	frozen := 0
	for _, o := range l.Objects {
		if o.StorageClass == "GLACIER" || o.StorageClass == "DEEP_ARCHIVE" {
			frozen++
		}
	}
	if frozen > 0 {
		fmt.Fprintf(w, "note: %d object(s) are in Glacier, and cannot be read until they are restored\n", frozen)
	}
}

// reportProblems prints the problems of objects. It returns nil if there are none.
func reportProblems(w io.Writer, problems []error, did string) error {
	for _, p := range problems {
		fmt.Fprintln(w, "error:", archive.Printable(p.Error()))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%d object(s) were not %s", len(problems), did)
}

// runError explains why work stopped.
func runError(cmd *cobra.Command, err error) error {
	if cmd.Context().Err() != nil {
		return errors.New("interrupted")
	}
	return printableError{err}
}

// printableError makes the text of an error from a store or receiver safe to print.
type printableError struct{ error }

func (e printableError) Error() string { return archive.Printable(e.error.Error()) }

// Unwrap returns the original error.
func (e printableError) Unwrap() error { return e.error }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

// size formats a number of bytes for people.
func size(bytes int64) string {
	value, unit := float64(bytes), 0
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	for value >= 999.95 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
