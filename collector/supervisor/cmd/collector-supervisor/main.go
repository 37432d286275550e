package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/telepod/telepod/collector/supervisor"
)

const usage = `usage: collector-supervisor [flags] -- COLLECTOR [ARGUMENT...]
       collector-supervisor probe [-require-collector URL]

Runs a Collector and restarts it when it exits. Exits with 0 on SIGTERM or SIGINT, once the
Collector has exited; a second signal kills the Collector.

probe is for exec probes of the container. It succeeds while the supervisor runs; with
-require-collector it also needs a 2xx answer from the URL, such as http://127.0.0.1:13133/ of the
Collector's health_check extension.

flags:
`

func main() {
	run := supervise
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "probe" {
		run, args = probe, args[1:]
	}
	if err := run(args, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "collector-supervisor:", err)
		}
		os.Exit(2)
	}
}

func supervise(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("collector-supervisor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	listen := flags.String("listen", "", "`address` for /metrics, /log and /healthz, such as 127.0.0.1:8889; empty disables them")
	limit := flags.Int64("memory-limit", -1, "memory limit of the container in `bytes`; 0: none, -1: as the container's cgroup says")
	backoff := flags.Duration("max-backoff", time.Minute, "longest delay before a restart")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if os.Getenv(supervisedVariable) == "false" {
		return replace(flags.Args())
	}
	if *limit < 0 {
		*limit = supervisor.ContainerMemoryLimit()
	}
	s, err := supervisor.New(supervisor.Config{
		Args: flags.Args(), Stdout: os.Stdout, Stderr: stderr, MemoryLimit: *limit, MaxBackoff: *backoff,
	})
	if err != nil {
		return err
	}
	if *listen != "" {
		go serve(*listen, s.Handler(), stderr)
	}
	s.Run()
	return nil
}

// supervisedVariable of the environment, set to false, has the supervisor step aside: where Kubernetes restarts the
// Collector, as in a DaemonSet, its restarts should be seen there.
const supervisedVariable = "COLLECTOR_SUPERVISED"

// replace runs the Collector in the place of this process. It returns only if that is impossible.
func replace(args []string) error {
	if len(args) == 0 {
		return errors.New("no Collector: name its program after --")
	}
	return fmt.Errorf("run %s: %w", args[0], syscall.Exec(args[0], args, withNodeHost(os.Environ())))
}

// serve never ends the supervisor: its metrics are not worth a pod.
func serve(address string, handler http.Handler, stderr io.Writer) {
	server := &http.Server{Addr: address, Handler: handler, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	fmt.Fprintf(stderr, "collector-supervisor: metrics are not available: %v\n", server.ListenAndServe())
}

// probe needs no contact with the supervisor: when the supervisor ends, so does its container, and
// no probe runs in it.
func probe(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("collector-supervisor probe", flag.ContinueOnError)
	flags.SetOutput(stderr)
	url := flags.String("require-collector", "", "`URL` that the Collector must answer; empty: none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *url == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *url, nil)
	if err != nil {
		return fmt.Errorf("-require-collector: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("collector does not answer: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("collector is not ready: %s answered %s", *url, response.Status)
	}
	return nil
}
