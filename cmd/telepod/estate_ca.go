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

const estateCALong = `Make the certificates with which regions and sites authenticate each other: a root, whose key no cluster needs, and
below it an authority for each cluster that can sign for that cluster only. A cluster that is taken over cannot pose as
another, and can be revoked without touching the others.

The files are in the directory ca beside the estate file. Keys are readable for you only, and are never written over. Keep
root.key in a safe place once all clusters have their authority; only init, issue and renew need it.

With certificates.from: certManager, cert-manager signs in each cluster with the cluster's authority. With secrets, these
commands sign too, for a year.`

// estateCA has the flags that the commands share.
type estateCA struct {
	estateFile
	directory string
}

func newEstateCACommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ca", Short: "Make, renew and revoke the certificates of the clusters", Long: estateCALong,
		Example: `  telepod estate ca init
  kubectl --context prod-use1 apply -f ca/manifests/prod-use1.yaml
  telepod estate ca revoke prod-use1`,
	}
	group(cmd, newEstateCAInitCommand(), newEstateCAIssueCommand(), newEstateCARenewCommand(), newEstateCARevokeCommand())
	return cmd
}

func (f *estateCA) register(cmd *cobra.Command) {
	f.estateFile.register(cmd)
	cmd.Flags().StringVar(&f.directory, "directory", "", "directory of certificates and keys; empty means ca, beside the estate file")
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
	fmt.Fprintln(out, "apply it ('telepod estate install' and 'upgrade' do so too):")
	for _, c := range clusters {
		fmt.Fprintln(out, "  "+commandLine("kubectl", "--context", c.KubeContext(), "apply", "-f", d.Manifest(c.Name)))
	}
}

// sites are the clusters with a central site.
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
		Use: "init", Short: "Make the root, and an authority for each cluster", Args: arguments(cobra.NoArgs),
		Long: "Make the root, and an authority for each cluster. A root that exists is never replaced.",
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
		fmt.Fprintf(cmd.OutOrStdout(), "made a root and the authorities of %s in %s\n", strings.Join(made, ", "), d.Path)
		return nil
	}
	return cmd
}

func newEstateCAIssueCommand() *cobra.Command {
	f := &estateCA{}
	cmd := &cobra.Command{
		Use: "issue [CLUSTER...]", Short: "Make the authorities that clusters lack",
		Long: `Make the authorities that clusters lack, because they are new in the estate file. What exists stays. A cluster that was
revoked gets a new authority only if it is named.`,
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
			fmt.Fprintln(cmd.OutOrStdout(), "every cluster has its authority; nothing was made")
			return nil
		}
		fmt.Fprintf(cmd.OutOrStdout(), "made authorities or certificates for %s\n", strings.Join(made, ", "))
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
		Use: "renew CLUSTER...", Short: "Make new authorities for clusters, beside the ones before",
		Long: `Make new authorities for clusters. Sites accept the ones before until they end, so that nothing is refused while the
clusters change: apply the sites' manifests first, then the clusters'. After a theft, revoke instead.

With certificates.from: certManager, have certificates signed again afterwards: cmctl renew --all -n telepod.`,
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
		Use: "revoke CLUSTER", Short: "Have the sites refuse a cluster, without touching others",
		Long: `Have the sites refuse a cluster: remove its authorities from the bundle of both sites. No Collector restarts, and no other
cluster notices. Once the sites' manifests are applied, the cluster is out within 5 minutes. 'telepod estate ca issue
CLUSTER' lets it in again, with a new authority.`,
		Args: arguments(cobra.ExactArgs(1)),
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&previous, "previous", false, "revoke only the authorities that were renewed since")
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
