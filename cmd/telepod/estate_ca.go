//go:build !injector

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/estate/authorities"
)

const estateCALong = `Create the certificates with which regions and sites authenticate each other: a root, whose key no cluster needs, and
below it an authority for each cluster, which can sign only for that cluster. A compromised cluster cannot impersonate
another one, and can be revoked without affecting the others.

The files are in the directory ca next to the estate file. Keys are readable only for you, and are never overwritten. Move
root.key to a safe place once all clusters have their authority; only init, issue and renew need it.

With certificates.from: certManager, cert-manager in each cluster signs with the cluster's authority. With secrets, these
commands also sign certificates, for a year.`

// estateCA has the flags that the commands share.
type estateCA struct {
	estateFile
	directory string
}

func newEstateCACommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ca", Short: "Create, renew and revoke the certificates of the clusters", Long: estateCALong,
		Example: `  telepod estate ca init
  kubectl --context prod-use1 apply -f ca/manifests/prod-use1.yaml
  telepod estate ca revoke prod-use1`,
	}
	group(cmd, newEstateCAInitCommand(), newEstateCAIssueCommand(), newEstateCARenewCommand(), newEstateCARevokeCommand())
	return cmd
}

func (f *estateCA) register(cmd *cobra.Command) {
	f.estateFile.register(cmd)
	cmd.Flags().StringVar(&f.directory, "directory", "", "directory of certificates and keys; defaults to ca, next to the estate file")
}

// open loads the estate for a directory.
func (f *estateCA) open(cmd *cobra.Command) (authorities.Directory, error) {
	e, err := f.load(cmd)
	if err != nil {
		return authorities.Directory{}, err
	}
	if f.directory == "" {
		f.directory = filepath.Join(filepath.Dir(f.path), "ca")
	}
	return authorities.Directory{Path: f.directory, Estate: e, Now: time.Now()}, nil
}

// apply prints the commands that apply a change to clusters.
func apply(out io.Writer, d authorities.Directory, clusters []estate.Cluster) {
	fmt.Fprintln(out, "apply it ('telepod estate install' and 'upgrade' do that, too):")
	for _, c := range clusters {
		fmt.Fprintln(out, "  "+commandLine("kubectl", "--context", c.KubeContext(), "apply", "-f", d.Manifest(c.Name)))
	}
}

// sitesOf returns the clusters with a central site.
func sitesOf(e *estate.Estate) []estate.Cluster {
	var list []estate.Cluster
	for _, role := range e.Sites.Roles() {
		c, _ := e.Cluster(e.Sites.Site(role).Cluster)
		list = append(list, c)
	}
	return list
}

func newEstateCAInitCommand() *cobra.Command {
	f := &estateCA{}
	cmd := &cobra.Command{
		Use: "init", Short: "Create the root, and an authority for each cluster", Args: arguments(cobra.NoArgs),
		Long: "Create the root, and an authority for each cluster. An existing root is never replaced.",
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := f.open(cmd)
		if err == nil {
			err = d.Init()
		}
		if err != nil {
			return err
		}
		made, err := d.Issue()
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "created a root and the authorities of %s in %s\n", strings.Join(made, ", "), d.Path)
		return nil
	}
	return cmd
}

func newEstateCAIssueCommand() *cobra.Command {
	f := &estateCA{}
	cmd := &cobra.Command{
		Use: "issue [CLUSTER...]", Short: "Create missing authorities of clusters",
		Long: `Create missing authorities, such as those of clusters that are new in the estate file. Existing ones are kept. A revoked
cluster gets a new authority only if it is in the arguments.`,
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := f.open(cmd)
		if err != nil {
			return err
		}
		var chosen []estate.Cluster
		if len(args) > 0 {
			if chosen, err = chosenClusters(d.Estate, args); err != nil {
				return err
			}
		}
		made, err := d.Issue(chosen...)
		if err != nil {
			return err
		}
		if len(made) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "every cluster has its authority; nothing was created")
			return nil
		}
		fmt.Fprintf(cmd.OutOrStdout(), "created authorities or certificates for %s\n", strings.Join(made, ", "))
		changed, err := chosenClusters(d.Estate, made)
		apply(cmd.OutOrStdout(), d, withSites(d.Estate, changed))
		return err
	}
	return cmd
}

// withSites returns the sites, which have to accept clusters first, followed by the clusters.
func withSites(e *estate.Estate, clusters []estate.Cluster) []estate.Cluster {
	list := sitesOf(e)
	for _, c := range clusters {
		if e.Role(c.Name) == "" {
			list = append(list, c)
		}
	}
	return list
}

func newEstateCARenewCommand() *cobra.Command {
	f := &estateCA{}
	cmd := &cobra.Command{
		Use: "renew CLUSTER...", Short: "Create new authorities for clusters, in addition to the previous ones",
		Long: `Create new authorities for clusters. Sites accept the previous ones until they expire, so that nothing is refused during
the change: apply the sites' manifests first, then the clusters'. After a theft, revoke instead.

With certificates.from: certManager, renew the certificates afterwards: cmctl renew --all -n telepod.`,
		Args: arguments(cobra.MinimumNArgs(1)),
	}
	f.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := f.open(cmd)
		if err != nil {
			return err
		}
		chosen, err := chosenClusters(d.Estate, args)
		if err == nil {
			err = d.Renew(chosen...)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "renewed the authorities of %s\n", strings.Join(args, ", "))
		apply(cmd.OutOrStdout(), d, withSites(d.Estate, chosen))
		return nil
	}
	return cmd
}

func newEstateCARevokeCommand() *cobra.Command {
	f := &estateCA{}
	var previous bool
	cmd := &cobra.Command{
		Use: "revoke CLUSTER", Short: "Have the sites refuse a cluster, without affecting others",
		Long: `Have the sites refuse a cluster: remove its authorities from the bundle of both sites. No Collector restarts, and no other
cluster is affected. Once the sites' manifests are applied, the sites refuse the cluster within 5 minutes. 'telepod estate
ca issue CLUSTER' readmits it, with a new authority.`,
		Args: arguments(cobra.ExactArgs(1)),
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&previous, "previous", false, "revoke only the authorities that have been renewed since")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := f.open(cmd)
		if err != nil {
			return err
		}
		chosen, err := chosenClusters(d.Estate, args)
		if err == nil {
			err = d.Revoke(chosen[0], previous)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "revoked %s\n", args[0])
		apply(cmd.OutOrStdout(), d, sitesOf(d.Estate))
		return nil
	}
	return cmd
}

// commandLine quotes a command for people to copy.
func commandLine(words ...string) string {
	for i, word := range words {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,") != "" {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
