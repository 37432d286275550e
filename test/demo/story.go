package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// demo is one run.
type demo struct {
	screen  *screen
	options options
	checks  checks
	took    time.Duration
	told    bool // the story has come to its end

	dir     string   // a kubectl; logs, where something fails
	logs    bool     // there are some
	images  []string // archives for the nodes
	cluster *cluster.Cluster
	webhook *install.Webhook // without nodes
	client  kubernetes.Interface
}

// step is a part of the story.
type step struct {
	title string
	// do returns a sentence on what was done, and how to show more of it; nil if there is no more.
	do func(context.Context) (said string, show func(), err error)
}

func (d *demo) story() []step {
	steps := []step{
		{"Build what is needed: Kubernetes, containerd, Helm, a Collector, Telepod", d.build},
		{"Start a cluster", d.start},
		{"Install Telepod", d.install},
		{"Run a shop in three namespaces, one a cloud", d.shop},
		{"Run a Job with a Collector sidecar in each cloud", d.jobs},
		{"Leave a pod alone that opted out", d.leaveAlone},
		{"Make typing mistakes", d.mistakes},
	}
	if !d.options.nodes {
		steps[0].title = "Build what is needed: Kubernetes, Helm, Telepod"
		steps[3].title = "Create a shop in three namespaces, one a cloud"
		steps[4].title = "Create a Job with a Collector sidecar in each cloud"
	}
	return steps
}

func (d *demo) tell(ctx context.Context) error {
	d.introduce()
	for n, s := range d.story() {
		d.screen.step(n+1, s.title)
		began := time.Now()
		said, show, err := s.do(ctx)
		if err != nil {
			return fmt.Errorf("step %d: %w", n+1, err)
		}
		took := time.Since(began)
		d.screen.done(said, took)
		d.took += took
		if show != nil {
			show()
		}
	}
	d.told = true
	if d.options.keep {
		d.invite()
		<-ctx.Done()
	}
	return nil
}

func (d *demo) introduce() {
	d.screen.heading("Telepod: one label on a namespace, and its pods know which cloud they are in")
	if d.options.nodes {
		d.screen.text("A real Kubernetes starts on this machine, with a node each in a zone of AWS, Google Cloud and " +
			"Azure. Nothing leaves the machine, and nothing stays on it but the programs that were built.")
		return
	}
	d.screen.text("A real Kubernetes starts on this machine, without nodes: those need root. So pods are created and " +
		"injected, but do not run, and what you see is what the API server stored. As root, `make demo` adds three " +
		"nodes, shows the variables as the running containers see them, and follows spans through the sidecars.")
}

// end leaves nothing behind but, after a failure, logs.
func (d *demo) end(ctx context.Context) error {
	var errs []error
	if wrong := !d.told || len(d.checks.failures) > 0; wrong && d.cluster != nil && ctx.Err() == nil {
		errs = append(errs, d.saveLogs())
	}
	if d.webhook != nil {
		errs = append(errs, d.webhook.Stop())
	}
	if d.cluster != nil {
		d.screen.step(0, "Clean up")
		began := time.Now()
		if err := d.cluster.Stop(); err != nil {
			errs = append(errs, err)
		} else {
			d.screen.done("the cluster is gone: no process, mount, network link or file stays", time.Since(began))
		}
	}
	if !d.logs && d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
