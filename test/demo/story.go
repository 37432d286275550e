package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/demo/screen"
	"github.com/telepod/telepod/test/report"
)

// story is one run with three clouds.
type story struct {
	*screen.Screen
	checks *screen.Checks
	estate *clouds.Estate
	began  time.Time
	// dashboards is the file with the chart's dashboards, next to the report.
	dashboards string

	orders *clouds.Orders
	load   *clouds.Load
	watch  *clouds.Watch
	// slowest is the longest time that telepod check took.
	slowest time.Duration

	steps   []report.Step
	trace   report.Trace
	marks   []report.Mark
	outcome []report.Row
}

// step is a step of the demo. do returns a sentence on what was done; show prints details after it.
type step struct {
	title string
	do    func(context.Context) (summary string, show func(), err error)
}

func (t *story) parts() []step {
	return []step{
		{"Build the programs", t.build},
		{"Start three clusters, and the stores", t.start},
		{"Install Telepod, from one estate file", t.install},
		{"Run a shop in three clouds", t.shop},
		{"Follow one order", t.follow},
		{"Search its logs", t.logs},
		{"Check the stores", t.stores},
		{"Break one thing at a time", t.breakThings},
		{"Kill the primary site", t.kill},
		{"Disconnect the primary's node", t.partition},
		{"Disconnect a region for a minute", t.cut},
		{"Rehearse the failover with a drill", t.rehearse},
		{"Count what was sent and stored", t.count},
	}
}

// threeClouds runs the demo, and always cleans up.
func threeClouds(ctx context.Context, s *screen.Screen, checks *screen.Checks, o options) (finished bool, err error) {
	e, err := clouds.New()
	if err != nil {
		return false, err
	}
	t := &story{Screen: s, checks: checks, estate: e, began: time.Now(),
		dashboards: filepath.Join(filepath.Dir(o.report), "demo-dashboards.html")}
	t.introduce()
	err = t.run(ctx)
	if reported := t.write(o.report); err == nil {
		err = reported
	}
	if err == nil && o.keep {
		err = t.keep(ctx)
	}
	if (err != nil || len(checks.Failures) > 0) && ctx.Err() == nil {
		t.saveLogs()
	}
	return err == nil, errors.Join(err, t.end())
}

func (t *story) introduce() {
	t.Heading("Telepod: one picture of three clouds")
	t.Text("Three real Kubernetes clusters start on this machine, and simulate EKS in us-east-1, GKE in europe-west1 " +
		"and AKS in eastasia: node labels, provider IDs, metadata services, and links with the latency between the " +
		"clouds. Nothing leaves the machine. Afterwards only the built programs and the reports remain on it.")
}

func (t *story) run(ctx context.Context) error {
	parts := t.parts()
	for n, part := range parts {
		t.Step(n+1, len(parts), part.title)
		began, failed := time.Now(), len(t.checks.Failures)
		summary, show, err := part.do(ctx)
		took := time.Since(began)
		if err != nil {
			t.steps = append(t.steps, report.Step{Name: part.title, Text: err.Error(), Took: took})
			return fmt.Errorf("step %d: %w", n+1, err)
		}
		t.steps = append(t.steps, report.Step{Name: part.title, Text: summary, Took: took, OK: len(t.checks.Failures) == failed})
		t.Done(summary, took)
		if show != nil {
			show()
		}
	}
	return nil
}

// end stops everything and removes all traces.
func (t *story) end() error {
	t.Step(0, 0, "Clean up")
	began := time.Now()
	if t.watch != nil {
		t.watch.Stop()
	}
	if t.load != nil {
		t.load.Stop()
	}
	if t.orders != nil {
		_, _ = t.orders.Stop() // the summary is no longer needed
	}
	err := t.estate.Stop()
	if err == nil {
		t.Done("no process, mount, network link or file is left", time.Since(began))
	}
	return err
}

// saveLogs saves logs and states to diagnose a failure.
func (t *story) saveLogs() {
	dir, err := os.MkdirTemp("", "telepod-demo-logs-")
	if err == nil {
		err = t.estate.SaveLogs(dir)
	}
	if err != nil {
		t.Failure("save the logs: " + err.Error())
	}
	t.Note("Logs of the clusters and the stores are in " + dir)
}

// row records an expectation and its result, for the table at the end and the report.
func (t *story) row(name, value, note string, ok bool) {
	t.outcome = append(t.outcome, report.Row{Name: name, Value: value, Note: note, OK: ok})
	t.checks.That(ok, "%s: %s (%s)", name, value, note)
}

func (t *story) mark(kind, text string, at time.Time) {
	t.marks = append(t.marks, report.Mark{At: at, Text: text, Kind: kind})
}
