package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/telepod/telepod/test/cluster"
)

type options struct {
	// check ends with "N passed, N failed" instead of suggestions.
	check bool
	// build ends after building.
	build bool
	// keep leaves the cluster up until Ctrl-C.
	keep bool
	// nodes is whether pods run.
	nodes bool
}

func main() {
	o := options{nodes: os.Geteuid() == 0}
	flag.BoolVar(&o.check, "check", false, "end with a count of what was shown as it should be, for CI")
	flag.BoolVar(&o.build, "build", false, "only build what the demo and the tests run")
	flag.BoolVar(&o.keep, "keep", false, "keep the cluster up until Ctrl-C")
	flag.BoolFunc("control-plane-only", "no nodes, as for an ordinary user: pods are stored and do not run", func(string) error {
		o.nodes = false
		return nil
	})
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "demo: takes flags only, not %q\n", flag.Args())
		os.Exit(2)
	}
	os.Exit(run(o))
}

// interrupted is the exit status of a program that was told to end, as shells have it.
const interrupted = 130

func run(o options) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second Ctrl-C ends this program at once; the cluster then ends by itself.
	context.AfterFunc(ctx, stop)

	s := newScreen(os.Stdout)
	if os.Getenv(cluster.KubeconfigVariable) != "" {
		s.failure("the demo has a cluster of its own: unset " + cluster.KubeconfigVariable)
		return 2
	}
	d := &demo{screen: s, options: o}
	if o.build {
		if err := d.prebuild(ctx); err != nil {
			s.failure(err.Error())
			return 1
		}
		return 0
	}
	err := d.tell(ctx)
	broken := ctx.Err() != nil && !d.told
	if broken {
		err = errors.New("interrupted")
	}
	if err = errors.Join(err, d.end(ctx)); err != nil {
		d.checks.failures = append(d.checks.failures, err.Error())
	}
	status := d.sum()
	if broken {
		return interrupted
	}
	return status
}
