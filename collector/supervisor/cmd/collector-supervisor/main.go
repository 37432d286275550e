package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/telepod/telepod/collector/supervisor"
)

const usage = `usage: collector-supervisor [flags] -- COLLECTOR [ARGUMENT...]
       collector-supervisor probe [-startup] [-require-collector URL]

Runs a Collector and restarts it when it exits. Exits with 0 on SIGTERM or SIGINT, once the
Collector has exited; a second signal kills the Collector.

probe is for exec probes of the container. It succeeds while the supervisor runs. With -startup it fails
until the Collector accepts connections on 127.0.0.1:4318, but only for the time of -startup-limit. With
-require-collector it needs a 2xx answer from the URL, such as http://127.0.0.1:13133/ of the
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
	listen := flags.String("listen", os.Getenv(listenVariable), "`address` for /metrics, /log and /healthz, such as 127.0.0.1:8889; empty disables them; the default is "+listenVariable+" of the environment")
	limit := flags.Int64("memory-limit", -1, "memory limit of the container in `bytes`; 0: none, -1: from the container's cgroup")
	backoff := flags.Duration("max-backoff", time.Minute, "longest delay before a restart")
	startup := flags.Duration("startup-limit", fromEnvironment(startupLimitVariable, stderr), "longest `time` for which probe -startup fails, at most 2m; 0: 30s; the default is "+startupLimitVariable+" of the environment")
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
		Args: flags.Args(), Stdout: os.Stdout, Stderr: stderr, MemoryLimit: *limit, MaxBackoff: *backoff, StartupLimit: *startup,
	})
	if err != nil {
		return err
	}
	go serve("unix", socket, s.Handler(), stderr)
	if *listen != "" {
		go serve("tcp", *listen, s.Handler(), stderr)
	}
	s.Run()
	return nil
}

// The entrypoint of the image is fixed, so a profile sets these with variables of the sidecar.
const (
	listenVariable       = "COLLECTOR_SUPERVISOR_LISTEN"
	startupLimitVariable = "COLLECTOR_STARTUP_LIMIT"
)

// fromEnvironment returns the duration in a variable, or 0. A mistake there must not end the supervisor.
func fromEnvironment(variable string, stderr io.Writer) time.Duration {
	text := os.Getenv(variable)
	if text == "" {
		return 0
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration <= 0 {
		fmt.Fprintf(stderr, "collector-supervisor: %s is %q, which is not a duration above zero such as 30s: using the default\n", variable, text)
		return 0
	}
	return duration
}

// supervisedVariable, set to false in the environment, makes the supervisor replace itself with the Collector: if Kubernetes
// restarts the Collector, as in a DaemonSet, Kubernetes should show the restarts.
const supervisedVariable = "COLLECTOR_SUPERVISED"

// replace replaces this process with the Collector. It returns only if that is impossible.
func replace(args []string) error {
	if len(args) == 0 {
		return errors.New("no Collector: name its program after --")
	}
	return fmt.Errorf("run %s: %w", args[0], syscall.Exec(args[0], args, withNodeHost(os.Environ())))
}

// serve never ends the supervisor: its metrics are not worth a pod.
func serve(network, address string, handler http.Handler, stderr io.Writer) {
	listener, err := net.Listen(network, address)
	if err == nil {
		server := &http.Server{Handler: handler, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
		err = server.Serve(listener)
	}
	fmt.Fprintf(stderr, "collector-supervisor: cannot serve %s: %v\n", address, err)
}

// probe only contacts the supervisor with -startup: when the supervisor ends, so does its container,
// and no probe runs in it.
func probe(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("collector-supervisor probe", flag.ContinueOnError)
	flags.SetOutput(stderr)
	url := flags.String("require-collector", "", "`URL` that the Collector must answer; empty: none")
	startup := flags.Bool("startup", false, "fail until the Collector accepts connections, for the time of -startup-limit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *startup {
		if err := startupProbe(socket, stderr); err != nil {
			return err
		}
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
