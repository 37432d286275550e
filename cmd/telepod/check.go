//go:build !injector

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/terminal"
)

const checkLong = `Check the installation of Telepod in one cluster or several: API server, injector, profiles, webhook, regional
Collectors, sites and queues, back ends, certificates, NetworkPolicies, versions, labelled namespaces, and workloads
that are out of date. Problems come first, each with its repair, and with its consequences below it.

Nothing is changed. To test whether the API server reaches the webhook, a pod is created as a dry run in
--probe-namespace: it is not stored and never runs. --canary sends one span through a regional Collector of each
cluster and follows it to the site, and to the archive, if --bucket is set. If the site's context is among --contexts, it
reports whether the site's stores accepted spans meanwhile, which may be others. --canary --site backup sends it to the
backup site, while the primary stays in use. --pre checks a cluster before the installation.

'telepod rbac' prints the permissions that this command needs. Missing permissions are reported as one problem, with the
command that grants them; everything else is still checked.

Exit codes: 0 no problems, or only warnings; 1 something failed or could not be read (with --strict, also for warnings);
2 wrong usage, such as a context that does not exist.`

const checkExample = `  telepod check --context prod-use1
  telepod check --contexts prod-use1,prod-euw1,prod-weu --canary
  telepod check --contexts prod-use1,prod-euw1,prod-weu --canary --site backup
  telepod check --pre --context new-cluster
  telepod check -o junit > telepod.xml
  telepod check -o json | jq -r '.[] | select(.status == "failed") | .seen'`

// checkFlags are the flags of `telepod check`.
type checkFlags struct {
	liveFlags
	contexts []string
	probe    string
	pre      bool
	strict   bool
	quiet    bool
	canary   canaryFlags
	output   *choice
}

func newCheckCommand() *cobra.Command {
	f := &checkFlags{}
	cmd := &cobra.Command{
		Use:     "check [--contexts A,B,C] [--pre | --canary]",
		Short:   "Check the installation of Telepod in clusters",
		Long:    checkLong,
		Example: checkExample,
		Args:    onlyFlags,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.contexts, "contexts", nil, "contexts of several clusters, which are checked concurrently")
	flags.StringVar(&f.probe, "probe-namespace", "default", "namespace for the dry run of a pod; empty disables it")
	flags.BoolVar(&f.pre, "pre", false, "check whether Telepod can be installed")
	flags.BoolVar(&f.strict, "strict", false, "exit with 1 for warnings, too")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only problems, as text")
	f.canary.register(cmd)
	f.output = choiceFlag(cmd, "output", "o", "text", "json", "junit")
	return cmd
}

func (f *checkFlags) run(cmd *cobra.Command) error {
	if err := f.usage(cmd); err != nil {
		return err
	}
	clusters, err := f.connectAll()
	if err != nil {
		return err
	}
	limit := f.timeout
	if f.canary.send {
		limit += 2 * f.canary.wait
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), limit)
	defer cancel()
	lines := f.linesOf(ctx, clusters)
	switch f.output.value {
	case "json":
		err = printJSON(cmd.OutOrStdout(), lines)
	case "junit":
		err = printJUnit(cmd.OutOrStdout(), lines)
	default:
		_, err = fmt.Fprint(cmd.OutOrStdout(), checkText(terminal.Of(cmd.OutOrStdout()), contextsOf(clusters), lines, f.quiet))
	}
	if err != nil {
		return err
	}
	return f.verdict(lines)
}

func (f *checkFlags) usage(cmd *cobra.Command) error {
	switch {
	case len(f.contexts) > 0 && f.context != "":
		return wrongUsage(cmd, "--context and --contexts are mutually exclusive")
	case f.pre && f.canary.send:
		return wrongUsage(cmd, "--pre and --canary are mutually exclusive: before the installation, no Collector accepts a span")
	}
	if err := checkContexts(cmd, &f.contexts); err != nil {
		return err
	}
	return f.canary.usage(cmd)
}

// connectAll connects to every cluster. A context that does not exist is wrong usage. An unreachable cluster is
// detected later, and does not affect the others.
func (f *checkFlags) connectAll() ([]*inventory.Cluster, error) {
	contexts := f.contexts
	if len(contexts) == 0 {
		contexts = []string{f.context}
	}
	var clusters []*inventory.Cluster
	for _, name := range contexts {
		c, err := inventory.Connect(f.kubeconfig, name)
		if err != nil {
			return nil, wrongSelection(err)
		}
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// linesOf checks all clusters concurrently.
func (f *checkFlags) linesOf(ctx context.Context, clusters []*inventory.Cluster) []checks.Line {
	snapshots := make([]checks.Snapshot, len(clusters))
	found := make([][]checks.Line, len(clusters))
	var wait sync.WaitGroup
	for i, c := range clusters {
		wait.Go(func() {
			if f.pre {
				found[i] = f.prepared(ctx, c)
				return
			}
			snapshots[i] = f.snapshot(ctx, c)
		})
	}
	wait.Wait()
	if f.canary.send {
		f.canary.sendAll(ctx, clusters, snapshots)
	}
	for i := range snapshots {
		if !f.pre {
			found[i] = snapshots[i].Lines()
		}
	}
	across := append(checks.Skew(snapshots), checks.Backup(snapshots)...)
	var lines []checks.Line
	for i, c := range clusters {
		ofCluster := slices.DeleteFunc(slices.Clone(across), func(l checks.Line) bool { return l.Context != c.Context })
		lines = append(lines, checks.Fold(append(found[i], ofCluster...))...)
	}
	return checks.Across(lines)
}

func (f *checkFlags) verdict(lines []checks.Line) error {
	switch worst := checks.Worst(lines); {
	case worst == checks.Failed:
		return exitStatus{errors.New("something failed"), 1, true}
	case worst == checks.Unknown:
		return exitStatus{errors.New("not everything could be read"), 1, true}
	case worst == checks.Warning && f.strict:
		return exitStatus{errors.New("there are warnings"), 1, true}
	}
	return nil
}

// answer wraps the result of a read.
func answer[T any](value T, err error) checks.Answer[T] {
	return checks.Answer[T]{Value: value, Err: err}
}
