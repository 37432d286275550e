//go:build !injector

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/terminal"
)

const statusLong = `Show an estate, one row for each cluster: ready injectors and Collectors, injected, bare and stale pods, the central
site in use and since when, what waits in queues, the last switch, the time until a certificate expires, spans per second,
and with --prometheus, the cost of this month so far and firing alerts. Problems are listed below.

Everything is read from the API servers: the numbers come from the metrics of Collectors and injectors, through the proxy
to their pods. Spans per second are measured over two seconds, over five if none arrived, or since the last redraw. A dash
is a number that could not be read. 'telepod check' checks more than these numbers. 'telepod rbac' prints the permissions
that this command needs.

--html writes the same as a self-contained page; --serve serves it, and reads the clusters again for visitors. There is no
login: everyone who can reach the address sees the page. Without a HOST, it is only served on this machine.

Exit codes: 0 every cluster was read (there may be problems); 1 some were not, or have no release of Telepod; 2 wrong
usage, such as a context that does not exist.`

const statusExample = `  telepod status --contexts eks-use1,gke-euw1,aks-weu
  telepod status --contexts eks-use1,gke-euw1 --watch
  telepod status --contexts eks-use1,gke-euw1 --html status.html
  telepod status --serve 8080 --prometheus https://prometheus.example`

// statusFlags are the flags of `telepod status`.
type statusFlags struct {
	estateReader
	watch    bool
	interval time.Duration
	html     string
	serve    string
	output   *choice
}

func newStatusCommand() *cobra.Command {
	f := &statusFlags{}
	cmd := &cobra.Command{
		Use:     "status [--contexts A,B,C]",
		Short:   "Show injectors, pods, Collectors, sites and queues of all clusters",
		Long:    statusLong,
		Example: statusExample,
		Args:    onlyFlags,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.BoolVarP(&f.watch, "watch", "w", false, "redraw until Ctrl-C")
	flags.DurationVar(&f.interval, "interval", 5*time.Second, "time between redraws")
	flags.StringVar(&f.html, "html", "", "write a page to this file; - for standard output")
	flags.StringVar(&f.serve, "serve", "", "serve the page on this port, or HOST:PORT, until Ctrl-C")
	f.output = choiceFlag(cmd, "output", "o", "table", "json")
	return cmd
}

func (f *statusFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	if err := f.open(cmd); err != nil {
		return err
	}
	switch {
	case f.watch:
		return f.redraw(cmd)
	case f.serve != "":
		return f.listen(cmd)
	}
	rows := f.rows(cmd.Context())
	if err := f.print(cmd, rows); err != nil {
		return err
	}
	if err := f.selected(); err != nil {
		return err
	}
	return f.notRead(rows)
}

// check refuses invalid combinations of flags.
func (f *statusFlags) check(cmd *cobra.Command) error {
	asked := 0
	for _, set := range []bool{f.watch, f.html != "", f.serve != "", f.output.value == "json"} {
		if set {
			asked++
		}
	}
	switch {
	case asked > 1:
		return wrongUsage(cmd, "--watch, --html, --serve and -o json are mutually exclusive")
	case f.interval < time.Second:
		return wrongUsage(cmd, "--interval %v: choose a second or more", f.interval)
	case f.timeout <= 0:
		return wrongUsage(cmd, "--timeout %v: choose a longer time", f.timeout)
	case len(f.contexts) > 0 && f.context != "":
		return wrongUsage(cmd, "--context and --contexts are mutually exclusive")
	}
	return checkContexts(cmd, &f.contexts)
}

func (f *statusFlags) print(cmd *cobra.Command, rows []status.Row) error {
	out := cmd.OutOrStdout()
	switch {
	case f.output.value == "json":
		return printJSON(out, rows)
	case f.html == "-":
		return status.Page{At: time.Now(), Rows: rows}.Write(out)
	case f.html != "":
		return writePage(f.html, rows)
	}
	_, err := io.WriteString(out, statusText(terminal.Of(out), rows, time.Now()))
	return err
}

func writePage(path string, rows []status.Row) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return status.Page{At: time.Now(), Rows: rows}.Write(file)
}

// notRead returns an error if a cluster did not answer, or has no release of Telepod.
func (f *statusFlags) notRead(rows []status.Row) error {
	failed, absent := 0, 0
	for _, row := range rows {
		if row.Error != "" {
			failed++
		}
		if row.Absent {
			absent++
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d clusters could not be read", failed, len(rows))
	case absent > 0:
		return fmt.Errorf("%d of %s %s no release %q of Telepod in namespace %q: check --release and --telepod-namespace",
			absent, fleet.Count(len(rows), "cluster"), fleet.Verb(absent, "has", "have"), f.release.Name, f.release.Namespace)
	}
	return nil
}

// estateReader reads clusters of a kubeconfig.
type estateReader struct {
	kubeconfig string
	context    string
	contexts   []string
	release    inventory.Release
	timeout    time.Duration
	costs      prometheusFlags

	clusters []*clusterReader
}

func (r *estateReader) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&r.kubeconfig, "kubeconfig", "", "kubeconfig file; defaults to those that kubectl uses")
	flags.StringVar(&r.context, "context", "", "context of the kubeconfig; defaults to the current one")
	flags.StringSliceVar(&r.contexts, "contexts", nil, "contexts of several clusters, which are read concurrently")
	flags.StringVar(&r.release.Namespace, "telepod-namespace", "telepod", "namespace of Telepod in every cluster")
	flags.StringVar(&r.release.Name, "release", "telepod", "Helm release of Telepod in every cluster")
	flags.DurationVar(&r.timeout, "timeout", 10*time.Second, "time limit for all requests")
	r.costs.register(cmd)
}

// open does not connect yet. A context that does not exist becomes a row with its error, unless no context exists.
func (r *estateReader) open(cmd *cobra.Command) error {
	if err := r.costs.open(cmd); err != nil {
		return err
	}
	contexts := r.contexts
	if len(contexts) == 0 {
		contexts = []string{r.context}
	}
	for _, name := range contexts {
		r.clusters = append(r.clusters, newClusterReader(r.kubeconfig, name, r.release))
	}
	if !slices.ContainsFunc(r.clusters, func(c *clusterReader) bool { return c.err == nil }) {
		return wrongSelection(r.clusters[0].err)
	}
	return nil
}

// selected returns an error if a context does not exist.
func (r *estateReader) selected() error {
	for _, c := range r.clusters {
		if c.err != nil {
			return wrongSelection(c.err)
		}
	}
	return nil
}

// rows reads all clusters concurrently.
func (r *estateReader) rows(ctx context.Context) []status.Row {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	readings := make([]status.Reading, len(r.clusters))
	var months *checks.Answer[map[string]cost.Month]
	var alerts checks.Answer[[]status.Alert]
	var all sync.WaitGroup
	for i, c := range r.clusters {
		all.Go(func() { readings[i] = c.read(ctx) })
	}
	if r.costs.server != nil {
		all.Go(func() {
			found := answer(cost.Months(ctx, r.costs.server))
			months = &found
		})
		all.Go(func() { alerts = answer(status.FiringAlerts(ctx, r.costs.server)) })
	}
	all.Wait()
	for i := range readings {
		readings[i].Months = months
	}
	rows := status.Rows(readings, time.Now())
	status.AddAlerts(rows, alerts)
	return rows
}
