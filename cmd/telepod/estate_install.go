//go:build !injector

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/estate/authorities"
)

const estateInstallLong = `%s Telepod in all clusters, or in those in the arguments, one after another: the backup site, the
primary site, the regions that are canaries, and then the others. In each cluster, kubectl applies the manifests of
'telepod estate ca', helm %s the release and waits until it is ready, and 'telepod check' checks it. If a step
fails, the command stops, and no later cluster is changed.

kubectl and helm have to be on the PATH. --print prints the commands instead of running them, for your own pipeline.`

// estateInstall has the flags of install and upgrade.
type estateInstall struct {
	estateCA
	install             bool
	kubeconfig          string
	print, own          bool
	timeout, checkLimit time.Duration
}

func newEstateInstallCommand() *cobra.Command {
	return estateInstallCommand("install", "Install", "installs", "Install Telepod in all clusters, in the right order", true)
}

func newEstateUpgradeCommand() *cobra.Command {
	return estateInstallCommand("upgrade", "Upgrade", "upgrades", "Upgrade Telepod in all clusters, in the right order", false)
}

func estateInstallCommand(name, verb, verbs, short string, install bool) *cobra.Command {
	f := &estateInstall{install: install}
	cmd := &cobra.Command{
		Use: name + " [CLUSTER...]", Short: short, Long: fmt.Sprintf(estateInstallLong, verb, verbs),
		Example: "  telepod estate " + name + "\n  telepod estate " + name + " prod-eas --print",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			cmd.SetContext(ctx)
			return f.run(cmd, args)
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file; defaults to those that kubectl uses")
	flags.BoolVar(&f.print, "print", false, "print the commands instead of running them")
	flags.BoolVar(&f.own, "own-certificates", false, "apply no certificates, because another tool provides them")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "time limit for helm in each cluster")
	flags.DurationVar(&f.checkLimit, "check-timeout", time.Minute, "time limit until 'telepod check' reports no failure")
	return cmd
}

func (f *estateInstall) run(cmd *cobra.Command, args []string) error {
	d, err := f.open(cmd)
	if err != nil {
		return err
	}
	chosen, err := chosenClusters(d.Estate, args)
	if err != nil {
		return err
	}
	plan := d.Estate.Plan(chosen, f.install, f.timeout.String())
	if f.print {
		f.printPlan(cmd.OutOrStdout(), d, plan)
		return nil
	}
	if err := f.prepared(d, plan); err != nil {
		return err
	}
	var unchecked []estate.Release
	for i, r := range plan {
		fmt.Fprintf(cmd.OutOrStdout(), "\n%d of %d: %s, %s\n", i+1, len(plan), r.Cluster.Name, r.Title)
		if err := f.cluster(cmd, d, r); err != nil {
			return fmt.Errorf("cluster %s: %w%s", r.Cluster.Name, err, remaining(cmd, plan[i:]))
		}
		unchecked = append(unchecked, r)
		if f.install && r.Site && i+1 < len(plan) && plan[i+1].Site {
			continue // the check of a new site fails while the other site is missing
		}
		for _, r := range unchecked {
			if err := f.checked(cmd, d.Estate, r); err != nil {
				return fmt.Errorf("cluster %s: %w%s", r.Cluster.Name, err, remaining(cmd, plan[i:]))
			}
		}
		unchecked = nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\n%d cluster(s) are ready\n", len(plan))
	return nil
}

// remaining returns the command that continues after a failure, with the same flags.
func remaining(cmd *cobra.Command, plan []estate.Release) string {
	words := strings.Fields(cmd.CommandPath())
	cmd.Flags().Visit(func(flag *pflag.Flag) { words = append(words, "--"+flag.Name+"="+flag.Value.String()) })
	for _, r := range plan {
		words = append(words, r.Cluster.Name)
	}
	return "\nstopped; later clusters were not changed. Repair the cluster, and continue with: " + commandLine(words...)
}

// prepared checks for everything that would stop the command halfway.
func (f *estateInstall) prepared(d authorities.Directory, plan []estate.Release) error {
	for _, program := range []string{"helm", "kubectl"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not on the PATH: install it, or print the commands with --print", program)
		}
	}
	if f.own {
		return nil
	}
	for _, r := range plan {
		if _, err := os.Stat(d.Manifest(r.Cluster.Name)); err != nil {
			return fmt.Errorf("cluster %s has no certificates: run 'telepod estate ca init', or 'telepod estate ca issue' for a new cluster; or use --own-certificates to continue without", r.Cluster.Name)
		}
	}
	return nil
}

func (f *estateInstall) cluster(cmd *cobra.Command, d authorities.Directory, r estate.Release) error {
	if !f.own {
		if err := f.execute(cmd, nil, "kubectl", f.kubectl(d, r)...); err != nil {
			return err
		}
	}
	values, err := d.Estate.ValuesFile(r.Cluster, f.name())
	if err != nil {
		return err
	}
	return f.execute(cmd, values, "helm", append(r.Helm, f.kubeconfigFlag()...)...)
}

// checked runs 'telepod check' on an installed cluster.
func (f *estateInstall) checked(cmd *cobra.Command, e *estate.Estate, r estate.Release) error {
	if !r.Checked {
		return nil
	}
	out, args := cmd.OutOrStdout(), f.check(e, r.Cluster)
	fmt.Fprintln(out, "$ "+commandLine(append([]string{"telepod"}, args...)...))
	return f.awaitCheck(cmd.Context(), out, args)
}

// awaitCheck repeats 'telepod check' until it reports no failure, because certificates and endpoints of a new release
// take some seconds to propagate. It shows the last report.
func (f *estateInstall) awaitCheck(ctx context.Context, out io.Writer, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, f.checkLimit)
	defer cancel()
	for {
		var report bytes.Buffer
		code := run(args, streams{strings.NewReader(""), &report, &report})
		if code == exitOK {
			_, err := out.Write(report.Bytes())
			return err
		}
		select {
		case <-ctx.Done():
			_, err := out.Write(report.Bytes())
			if errors.Is(ctx.Err(), context.Canceled) {
				return errors.Join(errors.New("interrupted before 'telepod check' reported no failure"), err)
			}
			return errors.Join(errors.New("'telepod check' reports failures"), err)
		case <-time.After(2 * time.Second):
		}
	}
}

// helmPatience is how long helm may run after an interruption: it marks the release as failed.
const helmPatience = time.Minute

// execute runs a program and passes its output through. An interruption is passed on: helm must not be killed, because a
// release that is being upgraded would refuse every later upgrade.
func (f *estateInstall) execute(cmd *cobra.Command, stdin []byte, program string, args ...string) error {
	fmt.Fprintln(cmd.OutOrStdout(), "$ "+commandLine(append([]string{program}, args...)...))
	command := exec.CommandContext(cmd.Context(), program, args...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), cmd.OutOrStdout(), cmd.ErrOrStderr()
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = helmPatience
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

func (f *estateInstall) kubeconfigFlag() []string {
	if f.kubeconfig == "" {
		return nil
	}
	return []string{"--kubeconfig", f.kubeconfig}
}

func (f *estateInstall) kubectl(d authorities.Directory, r estate.Release) []string {
	return append([]string{"--context", r.Cluster.KubeContext(), "apply", "-f", d.Manifest(r.Cluster.Name)}, f.kubeconfigFlag()...)
}

func (f *estateInstall) check(e *estate.Estate, c estate.Cluster) []string {
	return append([]string{"check", "--context", c.KubeContext(), "--telepod-namespace", e.Namespace, "--release", e.Release}, f.kubeconfigFlag()...)
}

func (f *estateInstall) printPlan(out io.Writer, d authorities.Directory, plan []estate.Release) {
	fmt.Fprintln(out, "set -euo pipefail")
	for _, r := range plan {
		fmt.Fprintf(out, "\n# %s: %s\n", r.Cluster.Name, r.Title)
		if !f.own {
			fmt.Fprintln(out, commandLine(append([]string{"kubectl"}, f.kubectl(d, r)...)...))
		}
		fmt.Fprintln(out, commandLine("telepod", "estate", "render", r.Cluster.Name, "-f", f.path)+" |\n  "+
			commandLine(append(append([]string{"helm"}, r.Helm...), f.kubeconfigFlag()...)...))
		if r.Checked {
			fmt.Fprintln(out, commandLine(append([]string{"telepod"}, f.check(d.Estate, r.Cluster)...)...))
		}
	}
}
