//go:build !injector

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/profiles"
)

const estateInitLong = `Write an estate file. Each --context is a cluster: its cloud, region and account are derived from the context's name and
from one of its nodes. --cluster describes a cluster that cannot be read, or overrides derived fields. The stores in the
flags are those of both sites; edit the file for more. On a terminal, the command asks for missing values.

An existing file is never replaced.`

// estateInit has the command's flags and their parsed values.
type estateInit struct {
	estateFile
	kubeconfig, environment, primary, backup, archive, exposure string
	contexts, clusters                                          []string
	chart                                                       estate.Chart
	certificates                                                *choice
	stores                                                      estate.Stores
	timeout                                                     time.Duration
}

func newEstateInitCommand() *cobra.Command {
	f := &estateInit{}
	cmd := &cobra.Command{
		Use: "init", Short: "Write an estate file", Long: estateInitLong,
		Example: `  telepod estate init
  telepod estate init --context prod-use1 --context prod-euw1 --primary prod-use1=telemetry-us.example.com:4318 \
    --backup prod-euw1=telemetry-eu.example.com:4318 --archive telemetry@us-east-1
  telepod estate init --cluster name=prod-eas,cloud=azure,region=eastasia,context=aks-prod --primary …`,
		Args: arguments(cobra.NoArgs),
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.path, "file", "f", "estate.yaml", "estate file to write; - for standard output")
	f.registerClusters(flags)
	flags.StringVar(&f.primary, "primary", "", "CLUSTER=HOST:PORT of the primary site")
	flags.StringVar(&f.backup, "backup", "", "CLUSTER=HOST:PORT of the backup site")
	flags.StringVar(&f.exposure, "exposure", "", "exposure of the sites: internal or public; defaults to internal")
	flags.StringVar(&f.environment, "environment", "", "name of the environment, such as production")
	flags.StringVar(&f.chart.Source, "chart", "", "directory, archive or oci:// reference of the chart; defaults to the released one")
	flags.StringVar(&f.chart.Version, "chart-version", "", "version of the chart")
	flags.StringVar(&f.stores.Jaeger, "jaeger", "", "host:port of an OTLP gRPC endpoint for sampled traces")
	flags.StringVar(&f.stores.Prometheus, "prometheus", "", "remote-write URL for metrics")
	flags.StringVar(&f.archive, "archive", "", "BUCKET@REGION for all traces and logs")
	flags.StringSliceVar(&f.stores.Kafka, "kafka", nil, "brokers, host:port, for sampled traces, metrics and logs")
	f.certificates = choiceFlag(cmd, "certificates", "", estate.FromCertManager, estate.FromSecrets)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd) }
	return cmd
}

// registerClusters adds the flags that describe clusters.
func (f *estateInit) registerClusters(flags *pflag.FlagSet) {
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file; defaults to those that kubectl uses")
	flags.StringArrayVar(&f.contexts, "context", nil, "context of the kubeconfig, one for each cluster; may be repeated")
	flags.StringArrayVar(&f.clusters, "cluster", nil, "name=…,cloud=…,region=…,account=…,context=… of a cluster; may be repeated")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "time limit for reading each cluster")
}

func (f *estateInit) run(cmd *cobra.Command) error {
	if _, err := os.Lstat(f.path); err == nil {
		return fmt.Errorf("%s exists, and is not replaced: edit it, or choose another file with -f", f.path)
	}
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		if err := f.ask(&asker{bufio.NewScanner(in), cmd.ErrOrStderr()}); err != nil {
			return err
		}
	}
	if len(f.contexts)+len(f.clusters) == 0 || f.primary == "" {
		return wrongUsage(cmd, "name the clusters with --context or --cluster, and the primary site with --primary CLUSTER=HOST:PORT")
	}
	e, err := f.estate(cmd)
	if err != nil {
		return err
	}
	text, err := estate.Text(e)
	if err != nil {
		return err
	}
	loaded, problems := estate.Load(f.path, text)
	for _, p := range problems {
		p.Line = 0 // the file is not written yet
		fmt.Fprintln(cmd.ErrOrStderr(), p.Error())
	}
	if loaded == nil {
		return fmt.Errorf("%s was not written: it would have %d error(s)", f.path, len(problems.Errors()))
	}
	return f.write(cmd.OutOrStdout(), loaded, text)
}

func (f *estateInit) write(out io.Writer, e *estate.Estate, text []byte) error {
	if f.path == standardInput {
		_, err := out.Write(text)
		return err
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write the estate file: %w", err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the estate file: %w", err)
	}
	fmt.Fprintf(out, "wrote %s: %d cluster(s), %d site(s)\n", f.path, len(e.Clusters), len(e.Sites.Roles()))
	return nil
}

// estate returns the estate that the flags describe.
func (f *estateInit) estate(cmd *cobra.Command) (estate.Estate, error) {
	e := estate.Estate{Environment: f.environment, Chart: f.chart}
	if f.certificates.value != estate.FromCertManager {
		e.Certificates.From = f.certificates.value
	}
	var err error
	if e.Clusters, err = f.described(cmd); err != nil {
		return e, err
	}
	if f.archive != "" {
		bucket, region, _ := strings.Cut(f.archive, "@")
		f.stores.Archive = &estate.Archive{Bucket: bucket, Region: region}
	}
	if e.Sites.Primary, err = f.site("primary", f.primary); err == nil && f.backup != "" {
		e.Sites.Backup, err = f.site("backup", f.backup)
	}
	if err != nil {
		return e, usageError{err, cmd.CommandPath()}
	}
	return e, nil
}

// described returns the clusters of --context and --cluster.
func (f *estateInit) described(cmd *cobra.Command) (clusters []estate.Cluster, err error) {
	for _, name := range f.contexts {
		c, err := f.discover(cmd.Context(), name)
		if err != nil {
			return nil, err
		}
		clusters = append(clusters, c)
	}
	for _, text := range f.clusters {
		c, err := clusterFlag(text)
		if err != nil {
			return nil, usageError{err, cmd.CommandPath()}
		}
		clusters = putCluster(clusters, c)
	}
	return clusters, nil
}

func (f *estateInit) site(role, text string) (*estate.Site, error) {
	cluster, endpoint, found := strings.Cut(text, "=")
	if !found {
		return nil, fmt.Errorf("--%s %q: write CLUSTER=HOST:PORT", role, text)
	}
	return &estate.Site{Cluster: cluster, Endpoint: endpoint, Exposure: f.exposure, Stores: f.stores}, nil
}

// discover reads a cluster's cloud from one of its nodes, unless the name of its context is enough.
func (f *estateInit) discover(ctx context.Context, name string) (estate.Cluster, error) {
	if c := estate.Discover(name, estate.Node{}); c.Cloud != "" && c.Region != "" && c.Account != "" {
		return c, nil
	}
	connection, err := inventory.Connect(f.kubeconfig, name)
	if err != nil {
		return estate.Cluster{}, fmt.Errorf("context %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	id, labels, err := connection.Node(ctx)
	if err != nil {
		return estate.Cluster{}, fmt.Errorf("context %s: %w: describe the cluster with --cluster instead", name, err)
	}
	return estate.Discover(name, estate.Node{ProviderID: id, Region: labels["topology.kubernetes.io/region"]}), nil
}

// putCluster merges a cluster into the one with the same name or context, field by field, or appends it.
func putCluster(clusters []estate.Cluster, c estate.Cluster) []estate.Cluster {
	i := slices.IndexFunc(clusters, func(known estate.Cluster) bool {
		return known.Name == c.Name || c.Context != "" && known.KubeContext() == c.Context
	})
	if i < 0 {
		return append(clusters, c)
	}
	known := clusters[i]
	clusters[i] = estate.Cluster{Name: cmp.Or(c.Name, known.Name), Cloud: cmp.Or(c.Cloud, known.Cloud), Region: cmp.Or(c.Region, known.Region),
		Account: cmp.Or(c.Account, known.Account), Context: cmp.Or(c.Context, known.KubeContext())}
	if clusters[i].Context == clusters[i].Name {
		clusters[i].Context = ""
	}
	return clusters
}

// clusterFlag parses name=…,cloud=…
func clusterFlag(text string) (c estate.Cluster, err error) {
	fields := map[string]*string{"name": &c.Name, "cloud": &c.Cloud, "region": &c.Region, "account": &c.Account, "context": &c.Context}
	for part := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(part, "=")
		field := fields[key]
		if !found || field == nil {
			return c, fmt.Errorf("--cluster %q: %q is not one of name=, cloud=, region=, account=, context=%s", text, part, profiles.DidYouMean(key, slices.Collect(maps.Keys(fields))))
		}
		*field = value
	}
	return c, nil
}

// asker asks questions on a terminal.
type asker struct {
	in  *bufio.Scanner
	out io.Writer
}

// text asks for a value; an empty answer means the default.
func (a *asker) text(question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	fmt.Fprintf(a.out, "%s: ", question)
	if !a.in.Scan() {
		return "", errors.Join(errors.New("no answer"), a.in.Err())
	}
	return cmp.Or(strings.TrimSpace(a.in.Text()), fallback), nil
}

// ask prompts for values that no flag sets.
func (f *estateInit) ask(a *asker) (err error) {
	ask := func(into *string, question, fallback string) {
		if err == nil && *into == "" {
			*into, err = a.text(question, fallback)
		}
	}
	if len(f.contexts)+len(f.clusters) == 0 {
		var answer string
		ask(&answer, "Contexts of the clusters, separated by commas", strings.Join(knownContexts(f.kubeconfig), ","))
		f.contexts = strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' })
	}
	ask(&f.primary, "Primary site, as CLUSTER=HOST:PORT", "")
	if f.backup == "" {
		ask(&f.backup, "Backup site, as CLUSTER=HOST:PORT; empty for none", "")
	}
	if f.stores.Jaeger == "" && f.stores.Prometheus == "" && f.archive == "" && len(f.stores.Kafka) == 0 {
		ask(&f.stores.Jaeger, "Jaeger or another OTLP gRPC endpoint for traces, host:port; empty for none", "")
		ask(&f.stores.Prometheus, "Remote-write URL for metrics; empty for none", "")
		ask(&f.archive, "Archive, as BUCKET@REGION; empty for none", "")
	}
	return err
}

// knownContexts returns the contexts of the kubeconfig; none if it cannot be read.
func knownContexts(kubeconfig string) []string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	config, err := rules.Load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(config.Contexts))
}
