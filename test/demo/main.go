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
	// check ends with "N passed, N failed" instead of suggestions.
	check bool
	// build ends after building.
	build bool
	// quickstart follows docs/quickstart.md.
	quickstart bool
	// keep leaves everything up until Ctrl-C.
	keep bool
	// nodes is whether pods run.
	nodes bool
	// report is the file of the HTML report.
	report string
}

func main() {
	o := options{nodes: os.Geteuid() == 0 && runtime.GOOS == "linux"}
	flag.BoolVar(&o.check, "check", false, "end with a count of what was shown as it should be, for CI")
	flag.BoolVar(&o.build, "build", false, "only build what the demo and the tests run")
	flag.BoolVar(&o.quickstart, "quickstart", false, "run the commands of docs/quickstart.md, and end")
	flag.BoolVar(&o.keep, "keep", false, "keep everything up until Ctrl-C")
	flag.StringVar(&o.report, "report", "bin/demo-report.html", "where the HTML report goes")
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
	// A second Ctrl-C ends this program at once; what it started then ends by itself.
	context.AfterFunc(ctx, stop)

	s := screen.New(os.Stdout)
	if os.Getenv(cluster.KubeconfigVariable) != "" {
		s.Failure("the demo has clusters of its own: unset " + cluster.KubeconfigVariable)
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
	told, err := tell(ctx, s, &checks, o)
	broken := ctx.Err() != nil && !told
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

// tell tells the story that this machine and user can have. It is told when nothing but the end of a
// kept one could still be interrupted.
func tell(ctx context.Context, s *screen.Screen, checks *screen.Checks, o options) (told bool, err error) {
	if o.nodes {
		return threeClouds(ctx, s, checks, o)
	}
	s.Heading("Telepod: one label on a namespace, and its pods know which cloud they are in")
	s.Text("A real Kubernetes starts on this machine, without nodes: those need root on Linux. So pods are created and " +
		"injected, but do not run, and what you see is what the API server stored. As root, `make demo` starts three " +
		"clusters of three clouds, follows an order through all of them, and breaks things.")
	err = offline.Run(ctx, s, checks, o.keep)
	return err == nil, err
}

// sum says how it went, and returns the exit status.
func sum(s *screen.Screen, checks screen.Checks, o options, took time.Duration) int {
	if len(checks.Failures) > 0 {
		s.Line("")
	}
	for _, failure := range checks.Failures {
		s.Failure(failure)
	}
	switch {
	case o.check:
		s.Line(fmt.Sprintf("\n   %.0f s in all", took.Seconds()))
		s.Line(fmt.Sprintf("\n%d passed, %d failed", checks.Passed, len(checks.Failures)))
	case len(checks.Failures) == 0:
		s.Heading(fmt.Sprintf("%d values seen in %.0f s, all of them as they should be", checks.Passed, took.Seconds()))
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
		{"keep everything up, and look around", "make demo DEMO=-keep"},
		{"see what would change, without a cluster", telepod + "inject -f " + files + "mistake.yaml \\\n       --profile aws --region us-east-1 --cluster prod -o diff"},
		{"see why, setting by setting", telepod + "explain -f " + files + "mistake.yaml"},
		{"install it in a cluster of yours", "helm install telepod charts/telepod -n telepod --create-namespace \\\n" +
			"       --set cloud.provider=aws --set cloud.region=us-east-1 --set cluster.name=prod"},
	} {
		s.Line("   " + what[0])
		s.Line("     " + what[1])
	}
}
