//go:build !injector

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/drill"
)

const drillFailoverLong = `Fail the primary central site on purpose, or only watch, and report the result.

A drill sends numbered spans, the canaries, through the regional Collectors of every context, and reads from the
Collectors' own metrics which site each of them uses. Both use the API servers' proxy to pods: nothing is
installed, and no port is opened. With --bucket it reads the archive at the end, and every canary that a Collector
accepted has to be in it.

The primary is failed by --method:
  scale      scales its Collectors to zero; they shut down gracefully
  partition  cuts it off with a NetworkPolicy, which the network plugin has to enforce
  kill       kills its Collectors, and those that replace them, for --duration

A drill asks for confirmation (unless --yes) and starts only if the backup is healthy, every region uses the
primary and no other drill is running. It always restores the primary, even if it is interrupted, if a
region does not fail over within --give-up, or if something fails. If its own process is killed, run
telepod drill restore.

Exit codes: 0 passed, or incomplete (something could not be measured); 1 failed, or could not start;
2 wrong usage. https://github.com/telepod/telepod/blob/main/docs/drills.md has the details.`

const drillFailoverExample = `  telepod drill failover --contexts eks-use1,gke-euw1,aks-weu --primary eks-use1 --backup gke-euw1 \
    --method scale --bucket example-telemetry --report drills/2026-11
  telepod drill failover --contexts eks-use1,gke-euw1,aks-weu --primary eks-use1 --backup gke-euw1 --dry-run
  telepod drill failover --contexts aks-weu --observe --max-lost=-1`

// maxFailOver is the default limit for a site that stops immediately. drain is the chart's central.service.drainSeconds.
const (
	maxFailOver = 10 * time.Second
	drain       = 20 * time.Second
)

// failOverLimit returns the default limit for a method. A site that is scaled to zero still serves while load balancers
// remove it.
func failOverLimit(m drill.Method) time.Duration {
	if m == drill.Scale {
		return maxFailOver + drain
	}
	return maxFailOver
}

// drillFlags are the flags of `telepod drill failover`.
type drillFlags struct {
	estateFlags
	observe, inCluster bool
	name               string
	collectors         int
	archives           drillArchives
	operator           string
	yes, dryRun        bool
	report             string
	plan               drill.Plan
}

func newDrillFailoverCommand() *cobra.Command {
	f := &drillFlags{}
	cmd := &cobra.Command{
		Use:     "failover --contexts A,B,C --primary A --backup B [--method METHOD | --observe]",
		Short:   "Fail the primary over to the backup and back, and report the result",
		Long:    drillFailoverLong,
		Example: drillFailoverExample,
		Args:    onlyFlags,
	}
	f.register(cmd)
	f.archives.register(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.contexts, "contexts", nil, "contexts of the clusters whose regional Collectors are watched")
	flags.BoolVar(&f.observe, "observe", false, "fail nothing, only watch for --duration")
	flags.BoolVar(&f.inCluster, "in-cluster", false, "watch the cluster of this pod instead of --contexts; requires --observe")
	flags.StringVar(&f.name, "name", "this cluster", "name of the cluster in the report, for --in-cluster")
	flags.IntVar(&f.collectors, "collectors", 3, "regional Collectors to watch in each cluster; 0 means all")
	flags.DurationVar(&f.plan.Baseline, "baseline", 15*time.Second, "how long to watch before the primary is failed")
	flags.DurationVar(&f.plan.Duration, "duration", time.Minute, "how long the primary stays failed, or the observation lasts")
	flags.DurationVar(&f.plan.GiveUp, "give-up", time.Minute, "restore the primary if a region has not failed over after this time")
	flags.DurationVar(&f.plan.ReturnWithin, "return-within", 5*time.Minute, "maximum wait for regions to use the primary again")
	flags.DurationVar(&f.plan.Settle, "settle", 2*time.Minute, "maximum wait for canaries in the archive")
	flags.DurationVar(&f.plan.Interval, "interval", 500*time.Millisecond, "interval between two reads of a Collector's metrics")
	flags.IntVar(&f.plan.Rate, "rate", 10, "canaries a second through each Collector")
	flags.DurationVar(&f.plan.Limits.FailOver, "max-failover", maxFailOver, "maximum acceptable failover time; negative disables the check; 30s with --method scale, if not set")
	flags.DurationVar(&f.plan.Limits.Return, "max-return", 30*time.Second, "maximum acceptable time to return once the primary is ready; negative disables the check")
	flags.IntVar(&f.plan.Limits.Lost, "max-lost", 0, "maximum acceptable number of lost canaries; negative disables the check")
	flags.IntVar(&f.plan.Limits.Duplicated, "max-duplicated", -1, "maximum acceptable number of canaries stored twice; negative disables the check")
	flags.StringVar(&f.report, "report", "", "write the report to FILE.md and FILE.json")
	flags.StringVar(&f.operator, "operator", "", "who runs the drill, for the report; defaults to the user of this machine")
	flags.BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check the sites and print what would be done, without doing it")
	method := choiceFlag(cmd, "method", "", string(drill.Scale), string(drill.Partition), string(drill.Kill))
	output := choiceFlag(cmd, "output", "o", "markdown", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f.plan.ID, f.plan.Method = newDrillID(time.Now()), drill.Method(method.value)
		if f.observe {
			f.plan.Method = drill.Observe
		}
		if !cmd.Flags().Changed("max-failover") {
			f.plan.Limits.FailOver = failOverLimit(f.plan.Method)
		}
		if err := f.check(cmd); err != nil {
			return err
		}
		return f.run(cmd, output.value)
	}
	return cmd
}

func (f *drillFlags) check(cmd *cobra.Command) error {
	switch {
	case f.inCluster && len(f.contexts) > 0:
		return wrongUsage(cmd, "--contexts and --in-cluster are mutually exclusive")
	case f.inCluster && !f.observe:
		return wrongUsage(cmd, "--in-cluster accesses only one cluster: add --observe, or use --contexts, --primary and --backup")
	case !f.inCluster && len(f.contexts) == 0:
		return wrongUsage(cmd, "--contexts is required: list the clusters with the regional Collectors to watch, such as A,B,C")
	case f.observe && cmd.Flags().Changed("method"):
		return wrongUsage(cmd, "--method and --observe are mutually exclusive")
	case !f.observe && (f.primary == "" || f.backup == ""):
		return wrongUsage(cmd, "--primary and --backup are required: set them to the contexts of the two sites, or use --observe")
	case !f.observe && f.primary == f.backup:
		return wrongUsage(cmd, "--primary and --backup are both %q: a site cannot take over from itself", f.primary)
	}
	if err := checkContexts(cmd, &f.contexts); err != nil {
		return err
	}
	if err := f.plan.Check(); err != nil {
		return usageError{err, cmd.CommandPath()}
	}
	if f.operator == "" {
		f.operator = operator()
	}
	return nil
}

// untilInterrupted returns a context that is canceled when the program is interrupted or its terminal closes. Until stop
// is called, only kill -9 may leave the primary failed. Therefore SIGPIPE is caught and ignored: Ctrl-C also ends a tee
// that reads the output, and connections to API servers can break.
func untilInterrupted(ctx context.Context) (interrupted context.Context, stop func()) {
	interrupted, forget := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt, syscall.SIGHUP)
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	return interrupted, func() {
		forget()
		signal.Stop(pipes)
	}
}

func (f *drillFlags) run(cmd *cobra.Command, output string) error {
	ctx, stop := untilInterrupted(cmd.Context())
	defer stop()
	target, err := f.estate(ctx)
	if err != nil {
		return err
	}
	show := drillScreen{cmd.ErrOrStderr()}
	if err := show.plan(ctx, f.plan, target); err != nil {
		return err
	}
	if f.dryRun {
		fmt.Fprintln(cmd.OutOrStdout(), "dry run: nothing was done")
		return nil
	}
	if !f.observe && !f.yes && !agreed(ctx, cmd.InOrStdin(), show.out, "Fail the primary now?") {
		return fmt.Errorf("nothing was done: answer yes, or use --yes")
	}
	report, err := drill.Run(ctx, target, f.plan, show.event)
	if report == nil {
		return err
	}
	if err == nil && report.Verdict == drill.Failed {
		err = fmt.Errorf("the drill failed: see its checks")
	}
	return errors.Join(err, writeDrillReport(cmd.OutOrStdout(), report, output, f.report))
}

func newDrillID(now time.Time) string {
	return now.UTC().Format("20060102-150405-") + strings.ToLower(rand.Text()[:4])
}

// operator returns the user of this machine, if known.
func operator() string {
	name := os.Getenv("USER")
	if known, err := user.Current(); err == nil && known.Username != "" {
		name = known.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}

// interruptedBeforeDrill explains why the preparations stopped.
func interruptedBeforeDrill(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted before anything was done")
	}
	return err
}
