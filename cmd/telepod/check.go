package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/terminal"
)

const checkLong = `Check the installation of Telepod in a cluster: the API server's version, the injector and its profiles, the
webhook's configuration with its certificate authority and endpoints, the regional Collectors, labelled namespaces, and
workloads that are out of date. Each line shows what was seen; those with a problem show how to repair it.

Nothing is changed. To see whether the API server reaches the webhook, a pod is created as a dry run in
--probe-namespace: it is not stored and never runs. That needs the right to create pods there, which 'telepod rbac' does not
include; without it, or with an empty --probe-namespace, the rest is checked.

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 2 not everything could be
read.`

const checkExample = `  telepod check --context prod-use1
  telepod check -o json | jq -r '.[] | select(.status == "failed") | .seen'`

// checkFlags are the flags of `telepod check`.
type checkFlags struct {
	liveFlags
	probe  string
	output *choice
}

func newCheckCommand() *cobra.Command {
	f := &checkFlags{}
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Check the installation of Telepod in a cluster",
		Long:    checkLong,
		Example: checkExample,
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStatus(2, f.run(cmd))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.probe, "probe-namespace", "default", "namespace of the dry run of a pod; empty makes none")
	f.output = choiceFlag(cmd, "output", "o", "text", "json")
	return cmd
}

func (f *checkFlags) run(cmd *cobra.Command) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	c, err := inventory.Connect(f.kubeconfig, f.context)
	if err != nil {
		return err
	}
	l := &live{Cluster: c}
	snapshot, err := f.snapshot(ctx, l)
	if err != nil {
		return err
	}
	lines := snapshot.Lines()
	if f.output.value == "json" {
		err = printJSON(cmd.OutOrStdout(), lines)
	} else {
		l.note(cmd.ErrOrStderr())
		_, err = fmt.Fprint(cmd.OutOrStdout(), checkText(terminal.Of(cmd.OutOrStdout()), c.Context, lines))
	}
	if err != nil {
		return err
	}
	switch checks.Worst(lines) {
	case checks.Failed:
		return exitStatus{errors.New("something failed"), 1, true}
	case checks.Unknown:
		return errors.New("not everything could be read: 'telepod rbac' prints the rights that are needed")
	}
	return nil
}

// answer is what a read returned.
func answer[T any](value T, err error) checks.Answer[T] {
	return checks.Answer[T]{Value: value, Err: err}
}

// snapshot reads everything. It fails only if the API server does not answer at all.
func (f *checkFlags) snapshot(ctx context.Context, l *live) (checks.Snapshot, error) {
	s := checks.Snapshot{Namespace: f.release.Namespace, Release: f.release.Name, Now: time.Now()}
	version, err := l.Version(ctx)
	if err != nil {
		return s, err
	}
	s.Kubernetes.Value = version
	s.Injector = answer(l.Workloads(ctx, f.release, "injector"))
	name := injectorName(f.release.Name)
	if len(s.Injector.Value) > 0 {
		name = s.Injector.Value[0].Name
	}
	s.Webhook = answer(l.Hooks(ctx, name))
	s.Services = answer(l.Services(ctx, s.Webhook.Value))
	s.Collectors = answer(l.Workloads(ctx, f.release, "collector"))
	if s.Probe.Value.Skipped = f.probe == "" || len(s.Webhook.Value) == 0; !s.Probe.Value.Skipped {
		s.Probe = answer(l.Probe(ctx, f.probe))
	}
	namespaces, err := l.Namespaces(ctx, "")
	s.Labelled = answer(labelled(namespaces), err)
	f.judge(ctx, l, &s)
	return s, nil
}

func labelled(namespaces map[string]fleet.Namespace) []string {
	names := slices.Sorted(maps.Keys(namespaces))
	return slices.DeleteFunc(names, func(name string) bool { return namespaces[name].Labels[injector.InjectionLabel] != "enabled" })
}

// judge loads the injector's profiles and judges all pods by them.
func (f *checkFlags) judge(ctx context.Context, l *live, s *checks.Snapshot) {
	if s.Profiles.Err = l.fromInstallation(ctx, f.release); s.Profiles.Err != nil {
		s.OutOfDate.Err = errors.New("the injector's settings are not known")
		return
	}
	set, err := profiles.Load(l.settings.facts, l.settings.sources...)
	if err == nil {
		s.Profiles.Value.Valid = len(set.Names())
		l.judge.Injector, err = l.settings.injector(l.settings.capabilities.Cluster(s.Kubernetes.Value))
	}
	if err != nil {
		s.Profiles.Value.Mistakes = err.Error()
		s.OutOfDate.Err = errors.New("the profiles have mistakes")
		return
	}
	problems, err := l.problems(ctx, "")
	s.OutOfDate = answer(map[fleet.State]int{}, err)
	for _, w := range problems {
		s.OutOfDate.Value[w.State]++
	}
}

// checkText shows the verdict, and the lines by section.
func checkText(t terminal.Terminal, kubeContext string, lines []checks.Line) string {
	count := map[checks.Status]int{}
	for _, line := range lines {
		count[line.Status]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", t.Paint(terminal.Bold, fmt.Sprintf("context %s: %d failed, %d unknown, %d warnings, %d ok", kubeContext, count[checks.Failed], count[checks.Unknown], count[checks.Warning], count[checks.OK])))
	section := ""
	for _, line := range lines {
		if line.Section != section {
			section = line.Section
			fmt.Fprintf(&b, "\n%s\n", section)
		}
		sign, tone := "✓", terminal.Good
		switch line.Status {
		case checks.Failed:
			sign, tone = "✗", terminal.Bad
		case checks.Unknown:
			sign, tone = "?", terminal.Warn
		case checks.Warning:
			sign, tone = "⚠", terminal.Warn
		}
		fmt.Fprintf(&b, "  %s %s\n", t.Paint(tone, sign), t.Wrap(4, line.Seen))
		if line.Repair != "" {
			fmt.Fprintf(&b, "    repair: %s\n", line.Repair)
		}
	}
	return b.String()
}
