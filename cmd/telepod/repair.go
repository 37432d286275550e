package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
	"github.com/telepod/telepod/fleet/rollout"
)

const repairLong = `Evict pods that are bare or stale, one at a time, as a controller in the cluster. The chart runs it if
injector.repair.enabled is set; docs/operations.md describes it. 'telepod restart' does the same on request, by
rollouts.

Before each eviction, a trial pod (a dry run in --probe-namespace) has to be injected. Afterwards, the replacement has
to be injected and ready. If it is not, repair stops until the annotation telepod.dev/repair-stopped is removed
from the Lease. The API server enforces PodDisruptionBudgets.`

const repairExample = `  # As the chart runs it.
  telepod repair --telepod-namespace telepod --release telepod --lease telepod-repair --states bare`

// repairFlags are the flags of `telepod repair`.
type repairFlags struct {
	liveFlags
	lease           string
	states          []string
	perHour         int
	probeNamespace  string
	interval        time.Duration
	settle          time.Duration
	deadline        time.Duration
	poll            time.Duration
	metrics, health string
	logLevel        *choice
	logFormat       *choice
}

func newRepairCommand() *cobra.Command {
	f := &repairFlags{}
	cmd := &cobra.Command{
		Use:     "repair",
		Short:   "Evict pods that are out of date, as a controller",
		Long:    repairLong,
		Example: repairExample,
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	f.liveFlags.register(cmd)
	flags.StringVar(&f.lease, "lease", "telepod-repair", "Lease for leader election among replicas")
	flags.StringSliceVar(&f.states, "states", []string{string(fleet.Bare)}, "pods to evict: bare, stale")
	flags.IntVar(&f.perHour, "evictions-per-hour", 30, "maximum number of evictions an hour")
	flags.StringVar(&f.probeNamespace, "probe-namespace", "default", "namespace of trial pods, which are dry runs")
	flags.DurationVar(&f.interval, "interval", 5*time.Minute, "time between two rounds")
	flags.DurationVar(&f.settle, "settle", 10*time.Minute, "minimum age of a pod that is evicted")
	flags.DurationVar(&f.deadline, "deadline", 10*time.Minute, "maximum time for a replacement to become available")
	flags.DurationVar(&f.poll, "poll", 2*time.Second, "time between two reads of a workload that is being repaired")
	flags.StringVar(&f.metrics, "metrics-address", ":8080", "address of /metrics; empty disables it")
	flags.StringVar(&f.health, "health-address", ":8081", "address of /healthz; empty disables it")
	f.logLevel = choiceFlag(cmd, "log-level", "", "info", "debug", "warn", "error")
	f.logFormat = choiceFlag(cmd, "log-format", "", "json", "text")
	return cmd
}

func (f *repairFlags) check(cmd *cobra.Command) error {
	for _, state := range f.states {
		if !slices.Contains([]string{string(fleet.Bare), string(fleet.Stale)}, state) {
			return wrongUsage(cmd, "--states: %q: use bare, stale or both", state)
		}
	}
	switch {
	case len(f.states) == 0:
		return wrongUsage(cmd, "--states: use bare, stale or both")
	case f.perHour < 1:
		return wrongUsage(cmd, "--evictions-per-hour must be at least 1")
	case f.interval <= 0 || f.deadline <= 0 || f.poll <= 0:
		return wrongUsage(cmd, "--interval, --deadline and --poll must be positive")
	case f.probeNamespace == "" || f.lease == "":
		return wrongUsage(cmd, "--probe-namespace and --lease are required")
	}
	return nil
}

func (f *repairFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	log, err := newLogger(cmd.ErrOrStderr(), f.logLevel.value, f.logFormat.value)
	if err != nil {
		return err
	}
	routeLogs(log)
	config, err := clientcmd.BuildConfigFromFlags("", f.kubeconfig)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w: outside a cluster, use --kubeconfig", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	metrics := newRepairMetrics()
	elector := rollout.NewElector(client, f.release.Namespace, f.lease)
	if err := serveRepair(ctx, cancel, f, metrics, elector.Healthy); err != nil {
		return err
	}
	r := &repairer{flags: f, cmd: cmd, log: log, metrics: metrics, events: rollout.NewEvents(ctx, client),
		store: rollout.Stop{Client: client, Namespace: f.release.Namespace, Lease: f.lease, Now: time.Now},
		limit: rate.NewLimiter(rate.Limit(float64(f.perHour)/time.Hour.Seconds()), 1)}
	defer r.events.Close()
	err = elector.Run(ctx, r.lead)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// repairer examines the cluster while it is the leader.
type repairer struct {
	flags   *repairFlags
	cmd     *cobra.Command
	log     *slog.Logger
	metrics *repairMetrics
	events  *rollout.Events
	store   restart.Store
	limit   *rate.Limiter
}

// lead runs rounds until the lease is lost.
func (r *repairer) lead(ctx context.Context) {
	r.metrics.leader.Set(1)
	defer r.metrics.leader.Set(0)
	for {
		round, err := r.round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.log.Error("repair", "error", err)
		}
		r.metrics.record(round, err)
		if round.Stopped != "" {
			r.log.Warn("repair has stopped: find out what happened, then remove the annotation "+rollout.StopAnnotation+" from the Lease",
				"lease", r.flags.lease, "reason", round.Stopped, "details", round.Details)
		}
		if pause(ctx, r.flags.interval) != nil {
			return
		}
	}
}

// round rereads the injector's settings, which may have changed.
func (r *repairer) round(ctx context.Context) (restart.Round, error) {
	reading, cancel := context.WithTimeout(ctx, r.flags.timeout)
	defer cancel()
	l, err := r.flags.connect(reading, r.cmd, injectorSettings{})
	if err != nil {
		return restart.Round{}, err
	}
	if len(l.notes) > 0 { // for example, another version during an upgrade
		return restart.Round{}, fmt.Errorf("nothing is repaired: %s", l.notes[0])
	}
	if l.namespaces, err = l.Namespaces(reading, ""); err != nil {
		return restart.Round{}, err
	}
	uids := map[fleet.Identity]string{}
	c := restart.Controller{Store: r.store, Settle: r.flags.settle, Runner: r.runner(l, uids),
		Workloads: func(context.Context) ([]restart.Workload, error) {
			workloads, err := l.restartable(reading, "", r.wanted())
			for _, w := range workloads {
				uids[w.Identity] = w.UID
			}
			return workloads, err
		}}
	return c.Round(ctx)
}

func (r *repairer) wanted() []fleet.State {
	var states []fleet.State
	for _, state := range r.flags.states {
		states = append(states, fleet.State(state))
	}
	return states
}

func (r *repairer) runner(l *live, uids map[fleet.Identity]string) *restart.Runner {
	return &restart.Runner{
		Cluster: &rollout.Cluster{Cluster: l.Cluster, Judge: l.judge, ProbeNamespace: r.flags.probeNamespace, Now: time.Now},
		Method:  restart.ByEviction, Limits: restart.Limits{Budget: min(10*time.Second, r.flags.deadline), Progress: r.flags.deadline},
		Admit: r.limit.Wait, Now: time.Now, Pause: func(ctx context.Context) error { return pause(ctx, r.flags.poll) },
		Report: func(e restart.Event) {
			r.log.Info("repair", "namespace", e.Namespace, "kind", e.Kind, "name", e.Name, "reason", e.Reason, "text", e.Text)
			if e.Reason != "" {
				r.metrics.actions.WithLabelValues(string(e.Reason)).Inc()
				r.events.Write(e, uids[e.Identity])
			}
		},
	}
}
