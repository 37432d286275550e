package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/demo/offline"
	"github.com/telepod/telepod/test/demo/screen"
)

type options struct {
	// check prints "N passed, N failed" at the end instead of suggestions.
	check bool
	// build only builds the programs.
	build bool
	// quickstart follows docs/quickstart.md.
	quickstart bool
	// keep leaves everything running until Ctrl-C.
	keep bool
	// nodes is set if the clusters have nodes, so pods run.
	nodes bool
	// report is the file of the HTML report.
	report string
}

func main() {
	o := options{nodes: os.Geteuid() == 0 && runtime.GOOS == "linux"}
	flag.BoolVar(&o.check, "check", false, "print the number of passed and failed checks at the end, for CI")
	flag.BoolVar(&o.build, "build", false, "only build the programs of the demo and the tests")
	flag.BoolVar(&o.quickstart, "quickstart", false, "run the commands of docs/quickstart.md and exit")
	flag.BoolVar(&o.keep, "keep", false, "keep everything running until Ctrl-C")
	flag.StringVar(&o.report, "report", "bin/demo-report.html", "path of the HTML report")
	flag.BoolFunc("control-plane-only", "start no nodes, as without root: pods are stored but do not run", func(string) error {
		o.nodes = false
		return nil
	})
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "demo: accepts only flags, not %q\n", flag.Args())
		os.Exit(2)
	}
	os.Exit(run(o))
}

// interrupted is the shells' exit status after SIGINT.
const interrupted = 130

func run(o options) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second Ctrl-C kills this program; its child processes then exit, too.
	context.AfterFunc(ctx, stop)

	s := screen.New(os.Stdout)
	if os.Getenv(cluster.KubeconfigVariable) != "" {
		s.Failure("the demo starts its own clusters: unset " + cluster.KubeconfigVariable)
		return 2
	}
	if o.build {
		if err := prebuild(ctx); err != nil {
			s.Failure(err.Error())
			return 1
		}
		return 0
	}
	if o.quickstart {
		if err := quickstart(ctx, s); err != nil {
			s.Failure(err.Error())
			return 1
		}
		return 0
	}
	began := time.Now()
	var checks screen.Checks
	finished, err := runDemo(ctx, s, &checks, o)
	broken := ctx.Err() != nil && !finished
	if broken {
		err = errors.Join(errors.New("interrupted"), err)
	}
	if err != nil {
		checks.Failures = append(checks.Failures, err.Error())
	}
	status := sum(s, checks, o, time.Since(began))
	if broken {
		return interrupted
	}
	return status
}

// runDemo runs the demo that this user and machine support. finished is false if the run was interrupted before its end.
func runDemo(ctx context.Context, s *screen.Screen, checks *screen.Checks, o options) (finished bool, err error) {
	if o.nodes {
		return threeClouds(ctx, s, checks, o)
	}
	s.Heading("Telepod: one label on a namespace, and its pods know which cloud they are in")
	s.Text("A real Kubernetes control plane starts on this machine. It has no nodes: they need root on Linux. Pods are created and " +
		"injected, but do not run: you see what the API server stored. As root, `make demo` starts clusters of three " +
		"clouds, follows an order through all of them, and breaks things.")
	err = offline.Run(ctx, s, checks, o.keep)
	return err == nil, err
}

// sum prints the result and returns the exit status.
func sum(s *screen.Screen, checks screen.Checks, o options, took time.Duration) int {
	if len(checks.Failures) > 0 {
		s.Line("")
	}
	for _, failure := range checks.Failures {
		s.Failure(failure)
	}
	switch {
	case o.check:
		s.Line(fmt.Sprintf("\n   total: %.0f s", took.Seconds()))
		s.Line(fmt.Sprintf("\n%d passed, %d failed", checks.Passed, len(checks.Failures)))
	case len(checks.Failures) == 0:
		s.Heading(fmt.Sprintf("%d values checked in %.0f s, all as expected", checks.Passed, took.Seconds()))
		suggest(s)
	}
	if len(checks.Failures) > 0 {
		return 1
	}
	return 0
}

func suggest(s *screen.Screen) {
	s.Heading("What to try next")
	const telepod, files = "go run ./cmd/telepod ", "test/demo/offline/manifests/"
	for _, what := range [][2]string{
		{"keep everything running, and explore", "make demo DEMO=-keep"},
		{"see what would change, without a cluster", telepod + "inject -f " + files + "mistake.yaml \\\n       --profile aws --region us-east-1 --cluster prod -o diff"},
		{"see why, setting by setting", telepod + "explain -f " + files + "mistake.yaml"},
		{"install it in your cluster", "helm install telepod charts/telepod -n telepod --create-namespace \\\n" +
			"       --set cloud.provider=aws --set cloud.region=us-east-1 --set cluster.name=prod"},
	} {
		s.Line("   " + what[0])
		s.Line("     " + what[1])
	}
}
