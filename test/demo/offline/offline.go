package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/demo/screen"
	"github.com/telepod/telepod/test/install"
)

// demo is one run.
type demo struct {
	screen   *screen.Screen
	checks   *screen.Checks
	finished bool // all steps have run

	dir     string // contains kubectl, and logs after a failure
	logs    bool   // dir contains logs
	cluster *cluster.Cluster
	webhook *install.Webhook
	client  kubernetes.Interface
}

// step is a step of the demo.
type step struct {
	title string
	// do returns a sentence on what was done, and a function that shows details, or nil.
	do func(context.Context) (summary string, show func(), err error)
}

// Run runs the demo and then stops everything; with keep, only when the context ends. Failed checks are recorded in
// checks.
func Run(ctx context.Context, s *screen.Screen, checks *screen.Checks, keep bool) error {
	d := &demo{screen: s, checks: checks}
	err := d.run(ctx)
	if err == nil && keep {
		d.invite()
		<-ctx.Done()
	}
	return errors.Join(err, d.end(ctx))
}

func (d *demo) run(ctx context.Context) error {
	steps := []step{
		{"Build the programs: Kubernetes, Helm, Telepod", d.build},
		{"Start a control plane", d.start},
		{"Install Telepod", d.install},
		{"Create a shop in three namespaces, one per cloud", d.shop},
		{"Create a Job with a Collector sidecar in each cloud", d.jobs},
		{"Skip a pod that opted out", d.optOut},
		{"Make typing mistakes", d.mistakes},
	}
	for n, s := range steps {
		d.screen.Step(n+1, len(steps), s.title)
		began := time.Now()
		summary, show, err := s.do(ctx)
		if err != nil {
			return fmt.Errorf("step %d: %w", n+1, err)
		}
		d.screen.Done(summary, time.Since(began))
		if show != nil {
			show()
		}
	}
	d.finished = true
	return nil
}

// end removes everything except, after a failure, the logs.
func (d *demo) end(ctx context.Context) error {
	var errs []error
	if wrong := !d.finished || len(d.checks.Failures) > 0; wrong && d.cluster != nil && ctx.Err() == nil {
		errs = append(errs, d.saveLogs())
	}
	if d.webhook != nil {
		errs = append(errs, d.webhook.Stop())
	}
	if d.cluster != nil {
		d.screen.Step(0, 0, "Clean up")
		began := time.Now()
		if err := d.cluster.Stop(); err != nil {
			errs = append(errs, err)
		} else {
			d.screen.Done("the control plane and its files were removed", time.Since(began))
		}
	}
	if !d.logs && d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
