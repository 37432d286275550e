package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/demo/screen"
	"github.com/telepod/telepod/test/monitoring"
	"github.com/telepod/telepod/test/report"
)

// count compares what was sent with what was stored.
func (t *story) count(ctx context.Context) (string, func(), error) {
	if err := t.settle(ctx); err != nil {
		return "", nil, err
	}
	t.load.Stop()
	orders, err := t.orders.Stop()
	if err != nil {
		return "", nil, err
	}
	t.row("orders that failed", fmt.Sprintf("%d of %d", orders.Failed, orders.Requests), fmt.Sprintf("placed %d, declined and refunded %d%s", orders.Placed, orders.Declined, list("; errors: ", orders.Errors)), orders.Failed == 0 && orders.Requests > 0)
	o, err := t.estate.Outcome(ctx, t.load, patience)
	if err != nil {
		return "", nil, err
	}
	t.row("spans sent", fmt.Sprint(o.Sent), "by three regions, with sequence numbers", o.Sent > 0)
	t.row("spans accepted", fmt.Sprint(o.Acked), "by regional Collectors"+list("; rejected at first: ", slices.Sorted(maps.Keys(o.Refused))), o.Acked == o.Sent)
	t.row("spans archived", fmt.Sprint(o.Archived), "in S3, each counted once", o.Archived == o.Acked)
	t.row("spans lost", fmt.Sprint(o.Lost), "accepted but not archived", o.Lost == 0)
	t.row("spans duplicated", fmt.Sprint(o.Extra), "additional copies in S3, from requests without an answer; up to 5 % are allowed", o.Extra*20 <= o.Sent)
	if err := t.archived(ctx, o); err != nil {
		return "", nil, err
	}
	if err := t.secrets(ctx); err != nil {
		return "", nil, err
	}
	if err := t.reconcile(ctx); err != nil {
		return "", nil, err
	}
	if err := t.costs(ctx); err != nil {
		return "", nil, err
	}
	if err := t.monitoring(ctx); err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%d spans sent, %d archived, %d lost, %d duplicated; %d orders, %d failed", o.Sent, o.Archived, o.Lost, o.Extra, orders.Requests, orders.Failed), t.showOutcome, nil
}

// archived counts the archived spans by cloud with telepod archive.
func (t *story) archived(ctx context.Context, o clouds.Outcome) error {
	t.Command("telepod archive count --bucket " + clouds.Bucket + " --bucket-endpoint " + t.estate.Stores.S3 + " --signal traces")
	counts, err := t.estate.Archived(ctx, clouds.Service)
	if err != nil {
		return err
	}
	sum := 0
	var clouds []string
	for _, cloud := range slices.Sorted(maps.Keys(counts)) {
		sum += counts[cloud]
		clouds = append(clouds, fmt.Sprintf("%s %d", cloud, counts[cloud]))
	}
	t.row("telepod archive count", fmt.Sprint(sum), "all copies"+list(": ", clouds), sum == o.Archived+o.Extra && len(counts) == 3)
	return nil
}

// list joins items after an introduction. Without items it returns an empty string.
func list(introduction string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return introduction + strings.Join(items, ", ")
}

// monitoring runs all queries of the chart's dashboards and rules in Prometheus.
func (t *story) monitoring(ctx context.Context) error {
	result, err := monitoring.Check(ctx, t.estate.Stores.Prometheus)
	if err != nil {
		return err
	}
	if err := writeFile(t.dashboards, result.WriteHTML); err != nil {
		return fmt.Errorf("draw the dashboards: %w", err)
	}
	t.Note("The chart's dashboards, with data from Prometheus, are in " + t.dashboards)
	silent := result.WithoutData()
	t.row("dashboards and rules with data", fmt.Sprintf("%d without", len(silent)), "panels and rules of the chart"+list(": ", silent), len(silent) == 0)
	return nil
}

func (t *story) showOutcome() {
	table := screen.Table{Head: []string{""}}
	for _, row := range t.outcome {
		table.Rows = append(table.Rows, screen.Row{Name: row.Name, Cells: []screen.Cell{{Text: row.Value, Wrong: !row.OK}}})
	}
	t.Table(table)
}

// write writes the HTML report, which may be incomplete.
func (t *story) write(path string) error {
	if t.watch == nil {
		return nil
	}
	r := report.Report{Title: "Telepod: three clouds, one failover", Started: t.began, Ended: time.Now(),
		Steps: t.steps, Trace: t.trace, Outcome: t.outcome, Timeline: report.Timeline{Marks: t.marks, QueueUnit: "bytes"}}
	for _, s := range t.estate.Sites() {
		r.Clusters = append(r.Clusters, report.Cluster{Name: s.Place.Cluster, Cloud: s.Cloud, Region: s.Region, Role: s.Role})
	}
	r.Timeline.Samples = t.samples()
	if err := writeFile(path, r.WriteHTML); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	t.Note("The report is in " + path)
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close() // a second time, if nothing fails
	if err := write(file); err != nil {
		return err
	}
	return file.Close()
}

// samples converts the watch's samples for the report.
func (t *story) samples() (drawn []report.Sample) {
	for _, s := range t.watch.Samples() {
		sample := report.Sample{At: s.At, Site: map[string]float64{}, Queue: s.Queue}
		for _, site := range t.estate.Sites() {
			if site.Central() {
				sample.Site[site.Place.Cluster] = s.Received[site.Role] // nothing from an unreachable site
			}
		}
		drawn = append(drawn, sample)
	}
	return drawn
}

// keep prints how to explore, and keeps everything running, including the orders, until the context ends.
func (t *story) keep(ctx context.Context) (err error) {
	if t.orders, err = t.estate.PlaceOrders(2); err != nil {
		return err
	}
	t.Heading("Everything keeps running until Ctrl-C, including the orders")
	stores := t.estate.Stores
	for _, what := range [][2]string{
		{"Prometheus: web pages and API", stores.Prometheus},
		{"Jaeger: API only, because its module contains no web pages", stores.Jaeger + "/api/traces/" + t.trace.ID},
		{"S3: the archive", stores.S3 + "/archive/"},
		{"the shop: place an order", t.estate.OrderURL() + "/orders"},
	} {
		t.Line("   " + what[0] + "\n     " + what[1])
	}
	kubeconfig, err := t.estate.Kubeconfig()
	if err != nil {
		return err
	}
	bin, err := t.estate.Bin(ctx)
	if err != nil {
		return err
	}
	t.Line("   the clusters, as contexts\n     export KUBECONFIG=" + kubeconfig + "\n     export PATH=" + bin + ":$PATH")
	for _, s := range t.estate.Sites() {
		t.Line("     kubectl --context " + s.Place.Cluster + " get pods -A")
	}
	<-ctx.Done()
	return nil
}
