package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

const staleLong = `List the workloads of a running cluster that need a restart: those with pods that have an older profile than the
webhook would give them now (stale), or are not injected although they opt in (bare). Pods that a strict webhook would
refuse are listed, too (refused), because a restart would stop at them.

Nothing is changed; each workload is listed with the command that repairs it. The profiles and settings are those of
the injector in the cluster. Flags for the profile or the cluster's facts replace all of them.
'telepod rbac' prints the permissions that this command needs.

Exit codes: 0 none, 1 some, 2 error.`

const staleExample = `  telepod stale -A
  telepod stale -n shop --context prod-use1
  telepod stale -A -o json | jq -r '.[].repair.command // empty'`

// staleFlags are the flags of `telepod stale`.
type staleFlags struct {
	liveFlags
	scope    scopeFlags
	settings injectorSettings
	output   *choice
}

func newStaleCommand() *cobra.Command {
	f := &staleFlags{}
	cmd := &cobra.Command{
		Use:     "stale [-n NAMESPACE | -A]",
		Short:   "List the workloads of a cluster whose pods are out of date",
		Long:    staleLong,
		Example: staleExample,
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStatus(2, f.run(cmd))
		},
	}
	flags := cmd.Flags()
	f.scope.register(cmd)
	f.liveFlags.register(cmd)
	f.output = choiceFlag(cmd, "output", "o", "table", "json")
	flags.StringVar(&f.settings.profile, "profile", "base", "profile of pods without the annotation telepod.dev/profile")
	flags.StringVar(&f.settings.profilesDir, "profiles-dir", "", "directory with more profiles")
	registerFacts(flags, &f.settings.facts)
	flags.BoolVar(&f.settings.policy.InjectByDefault, "inject-by-default", false, "inject pods if neither pod nor namespace opts in or out")
	flags.StringSliceVar(&f.settings.policy.ProtectedNamespaces, "protected-namespaces", []string{"kube-system"}, "namespaces that are never injected")
	completeFlag(cmd, "profile", func(*cobra.Command) []string { return profileNames(f.settings.profilesDir) })
	return cmd
}

func (f *staleFlags) run(cmd *cobra.Command) error {
	if err := f.scope.check(cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	l, err := f.connect(ctx, cmd, f.settings)
	if err != nil {
		return err
	}
	l.note(cmd.ErrOrStderr())
	namespace := f.scope.in(l)
	problems, err := l.problems(ctx, namespace)
	if err != nil {
		return err
	}
	if n := len(l.mistaken); n > 0 {
		w := l.mistaken[0]
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %s with mistakes in the settings: %s/%s in %s: %s: 'telepod check' lists them\n", fleet.Count(n, "workload"), w.Kind, w.Name, w.Namespace, visible(w.Mistakes[0]))
	}
	if f.output.value == "json" {
		err = printJSON(cmd.OutOrStdout(), problems)
	} else {
		err = printProblems(cmd.OutOrStdout(), l.place(namespace), problems, time.Now())
	}
	if err == nil && len(problems) > 0 {
		return exitStatus{errors.New("some workloads are out of date"), 1, true}
	}
	return err
}

// place describes the scope of the command.
func (l *live) place(namespace string) string {
	if namespace == "" {
		return fmt.Sprintf("all namespaces of context %s", l.Context)
	}
	return fmt.Sprintf("namespace %s of context %s", namespace, l.Context)
}

// problems lists the workloads that need attention; an empty namespace means all.
func (l *live) problems(ctx context.Context, namespace string) ([]*fleet.Workload, error) {
	found, err := l.judgePods(ctx, namespace)
	if err != nil {
		return nil, err
	}
	problems := found.Problems()
	l.mistaken = slices.DeleteFunc(found.Remarkable(), func(w *fleet.Workload) bool { return len(w.Mistakes) == 0 })
	return problems, l.repairs(ctx, namespace, problems)
}

// judgePods judges all pods of a namespace, or of all namespaces if it is empty.
func (l *live) judgePods(ctx context.Context, namespace string) (found fleet.Inventory, err error) {
	namespaces, err := l.Namespaces(ctx, namespace)
	if err != nil {
		return found, err
	}
	err = l.EachPod(ctx, namespace, "", func(pod *fleet.Pod) error {
		ns, ok := namespaces[pod.Metadata.Namespace]
		if !ok { // it was created after the namespaces were listed
			ns.Namespace = injector.Namespace{Name: pod.Metadata.Namespace}
		}
		found.Add(fleet.IdentityOf(pod.Pod), l.judge.Pod(pod, ns))
		return nil
	})
	return found, err
}

// repairs reads the workloads of each kind that needs repair once, and sets the repair of each workload.
func (l *live) repairs(ctx context.Context, namespace string, problems []*fleet.Workload) error {
	var read []string
	templates := map[fleet.Identity]fleet.Template{}
	for _, w := range problems {
		if slices.Contains(restartable(), w.Kind) && !slices.Contains(read, w.Kind) {
			read = append(read, w.Kind)
			found, err := l.Templates(ctx, w.Kind, namespace)
			if err != nil {
				return err
			}
			for id, template := range found {
				templates[id] = template
			}
		}
		w.Repair = l.repairOf(w.Identity, w.State, templates[w.Identity])
	}
	return nil
}

// restartable lists the kinds that telepod reads and kubectl can restart.
func restartable() []string { return []string{"Deployment", "StatefulSet", "DaemonSet", "Rollout"} }
