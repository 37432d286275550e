//go:build !injector

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/drill/sites"
)

func newDrillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Rehearse the loss of the primary central site",
		Long: `Rehearse the loss of the primary central site: telepod drill failover fails it on purpose, or only
watches, and reports how long regions took to fail over and to return, and whether data was lost.`,
	}
	group(cmd, newDrillFailoverCommand(), newDrillRestoreCommand())
	return cmd
}

// estateFlags locate the clusters.
type estateFlags struct {
	kubeconfig string
	contexts   []string
	primary    string
	backup     string
	release    sites.Release
}

func (f *estateFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file; defaults to those that kubectl uses")
	flags.StringVar(&f.primary, "primary", "", "context of the cluster with the primary site")
	flags.StringVar(&f.backup, "backup", "", "context of the cluster with the backup site")
	flags.StringVarP(&f.release.Namespace, "namespace", "n", "telepod", "namespace of Telepod in every cluster")
	flags.StringVar(&f.release.Name, "release", "telepod", "Helm release of Telepod in every cluster")
}

// clusters connects to each context once.
type clusters struct {
	flags     *estateFlags
	connected map[string]*sites.Cluster
}

func (c *clusters) of(name string) (*sites.Cluster, error) {
	if cluster := c.connected[name]; cluster != nil {
		return cluster, nil
	}
	cluster, err := sites.Connect(c.flags.kubeconfig, name, c.flags.release)
	if err != nil {
		return nil, err
	}
	if c.connected == nil {
		c.connected = map[string]*sites.Cluster{}
	}
	c.connected[name] = cluster
	return cluster, nil
}

func newDrillRestoreCommand() *cobra.Command {
	f := &estateFlags{}
	cmd := &cobra.Command{
		Use:   "restore --primary CONTEXT [--backup CONTEXT]",
		Short: "Undo a drill that could not undo itself",
		Long: `Undo a drill that could not undo itself, because its process was killed or lost its connection: scale the
primary's Collectors up again, restore its NetworkPolicies, and allow other drills. It also stops a drill that still runs
elsewhere. If there is nothing to undo, nothing is changed.`,
		Example: `  telepod drill restore --primary eks-use1 --backup gke-euw1`,
		Args:    arguments(cobra.NoArgs),
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.primary == "" {
			return wrongUsage(cmd, "--primary is required: set it to the context of the primary site")
		}
		connections := &clusters{flags: f}
		var all []*sites.Cluster
		for _, name := range []string{f.primary, f.backup} {
			if name == "" {
				continue
			}
			cluster, err := connections.of(name)
			if err != nil {
				return err
			}
			all = append(all, cluster)
		}
		return undo(cmd.Context(), cmd, all)
	}
	return cmd
}

// undo restores every site, whichever was the primary, and then allows other drills.
func undo(ctx context.Context, cmd *cobra.Command, all []*sites.Cluster) error {
	var failed error
	for _, cluster := range all {
		failed = errors.Join(failed, sites.Central{Cluster: cluster}.Restore(ctx))
	}
	if failed != nil {
		return failed
	}
	if err := (sites.Guard{Clusters: all}).Clear(ctx); err != nil {
		return err
	}
	for _, cluster := range all {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: no changes of a drill are left\n", cluster.Name)
	}
	return nil
}
