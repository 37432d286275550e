package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
	"github.com/telepod/telepod/fleet/rollout"
)

const restartLong = `Restart the Deployments, StatefulSets and DaemonSets whose pods have an older profile than they would get now
(--stale), or are not injected although they opt in (--bare). 'telepod stale' lists them. Everything else, such as single
pods, Jobs and workloads with the update strategy OnDelete, is listed with advice, and not changed.

The plan is printed first, and needs confirmation. In each namespace one workload is restarted at a time:
  1. wait until all of its pods are available, and every PodDisruptionBudget allows as many unavailable pods as its strategy
  2. create a pod from its template as a dry run, which has to be injected as expected
  3. change the annotation of 'kubectl rollout restart' on its pod template
  4. watch its rollout: every new pod has to be injected, and to become available
The first failure ends the run. --rollback restores the pod template of the workload that failed.

No state is kept outside the cluster: run the same command again to continue. Rollouts in progress are
watched, not restarted. The annotation telepod.dev/repair: "false" on a workload, its pod template or its namespace
excludes it. 'telepod rbac --restart' prints the permissions that this command needs.

Exit codes: 0 done, or nothing to do; 1 a workload failed, or the restart was not confirmed; 2 error.`

const restartExample = `  telepod restart --bare -n shop --dry-run
  telepod restart --stale --bare -A --context prod-use1
  telepod restart --stale -n shop --yes --rollback`

// restartFlags are the flags of `telepod restart`.
type restartFlags struct {
	liveFlags
	scope       scopeFlags
	stale, bare bool
	dryRun, yes bool
	rollback    bool
	limits      restart.Limits
	namespaces  int
	output      *choice
	// poll is the time between two reads of a workload.
	poll time.Duration
}

func newRestartCommand() *cobra.Command {
	f := &restartFlags{poll: 2 * time.Second}
	cmd := &cobra.Command{
		Use:     "restart {--stale | --bare} [-n NAMESPACE | -A]",
		Short:   "Restart the workloads of a cluster whose pods are out of date",
		Long:    restartLong,
		Example: restartExample,
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStatus(2, f.run(cmd))
		},
	}
	flags := cmd.Flags()
	f.scope.register(cmd)
	flags.BoolVar(&f.stale, "stale", false, "restart workloads with pods that have an older profile")
	flags.BoolVar(&f.bare, "bare", false, "restart workloads with pods that were not injected")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan, and change nothing")
	flags.BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	flags.BoolVar(&f.rollback, "rollback", false, "restore the pod template of a workload whose restart fails")
	flags.DurationVar(&f.limits.Progress, "deadline", 10*time.Minute, "a rollout fails after this time without another available pod")
	flags.DurationVar(&f.limits.Budget, "budget-wait", 5*time.Minute, "maximum wait for PodDisruptionBudgets and unavailable pods before a restart")
	flags.IntVar(&f.namespaces, "parallel", 1, "number of namespaces to work in at the same time")
	f.liveFlags.register(cmd)
	f.output = choiceFlag(cmd, "output", "o", "table", "json")
	return cmd
}

func (f *restartFlags) check(cmd *cobra.Command) error {
	switch {
	case !f.stale && !f.bare:
		return wrongUsage(cmd, "nothing is selected: use --stale, --bare, or both")
	case f.namespaces < 1:
		return wrongUsage(cmd, "--parallel must be at least 1")
	case f.limits.Progress <= 0 || f.limits.Budget <= 0:
		return wrongUsage(cmd, "--deadline and --budget-wait must be positive")
	}
	return f.scope.check(cmd)
}

func (f *restartFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	l, namespace, steps, err := f.plan(ctx, cmd)
	if err != nil {
		return err
	}
	report := &restartReport{Plan: steps, Events: []restart.Event{}, json: f.output.value == "json"}
	if err := report.printPlan(cmd.OutOrStdout(), l.place(namespace)); err != nil {
		return err
	}
	if f.dryRun || !slices.ContainsFunc(steps, func(s restart.Step) bool { return s.Intent != restart.Leave }) {
		return report.finish(cmd.OutOrStdout(), f.dryRun)
	}
	if !f.yes && !agreed(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), "Restart them now?") {
		return exitStatus{errors.New("nothing was done: answer yes, or use --yes"), 1, false}
	}
	failed := f.runner(l, report.event(cmd.OutOrStdout())).Run(ctx, steps, f.namespaces)
	if err := report.finish(cmd.OutOrStdout(), false); err != nil {
		return err
	}
	if failed != nil {
		return exitStatus{fmt.Errorf("%w%s", failed, f.advice(failed)), 1, false}
	}
	return nil
}

// plan reads the cluster and decides.
func (f *restartFlags) plan(ctx context.Context, cmd *cobra.Command) (*live, string, []restart.Step, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	l, err := f.connect(ctx, cmd, injectorSettings{})
	if err != nil {
		return nil, "", nil, err
	}
	l.note(cmd.ErrOrStderr())
	namespace := f.scope.in(l)
	if l.namespaces, err = l.Namespaces(ctx, namespace); err != nil {
		return nil, "", nil, err
	}
	workloads, err := l.restartable(ctx, namespace, f.states())
	return l, namespace, restart.Plan(workloads, restart.ByRollout), err
}

// states returns the requested states. Pods that the webhook would refuse are always listed.
func (f *restartFlags) states() []fleet.State {
	states := []fleet.State{fleet.Refused}
	if f.stale {
		states = append(states, fleet.Stale)
	}
	if f.bare {
		states = append(states, fleet.Bare)
	}
	return states
}

func (f *restartFlags) runner(l *live, report func(restart.Event)) *restart.Runner {
	return &restart.Runner{
		Cluster: &rollout.Cluster{Cluster: l.Cluster, Judge: l.judge, Now: time.Now},
		Method:  restart.ByRollout, Limits: f.limits, Rollback: f.rollback, Report: report, Now: time.Now,
		Pause: func(ctx context.Context) error { return pause(ctx, f.poll) },
	}
}

// pause waits for a duration, or for the end of the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// advice returns the end of the message, with advice on a failure.
func (f *restartFlags) advice(failed error) string {
	failure, ok := errors.AsType[*restart.Failure](failed)
	if !ok {
		return ""
	}
	object := strings.ToLower(failure.Kind) + "/" + failure.Name
	switch failure.Reason {
	case restart.RolloutFailed, restart.CameBackBare:
		if f.rollback {
			return ": no other workload was restarted after it"
		}
		return fmt.Sprintf(": no other workload was restarted after it. To roll it back, add --rollback, or run kubectl%s -n %s rollout undo %s", f.selection(), failure.Namespace, object)
	case restart.InjectorIll:
		return ": nothing was restarted after that: run 'telepod check', and run the same command again once the injector works"
	case restart.BudgetBlocked:
		return fmt.Sprintf(": it was not restarted: see kubectl%s -n %s get pdb, and run the same command again", f.selection(), failure.Namespace)
	}
	return ""
}
