// Command app is the tests' workload: it prints its environment, and answers and sends requests.
//
//	app [COMMAND [ARGUMENT…]] [-- COMMAND [ARGUMENT…]]…
//
//	env              print the environment, a NAME=value line each, sorted (the default)
//	json             print the environment as one line of JSON
//	serve ADDRESS    serve HTTP: / names the server and the client, /env prints the environment
//	get URL…         print each URL's response, retrying for ten seconds; $NAME is expanded
//	lookup NAME…     print the addresses of each name, retrying for ten seconds
//	sleep DURATION   wait, for example 5s
//	exit STATUS      exit with this status
//
// Commands run in sequence, until one fails or SIGTERM arrives.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	args := os.Args[1:]
	for {
		end := slices.Index(args, "--")
		if end < 0 {
			end = len(args)
		}
		if err := run(ctx, args[:end]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		if ctx.Err() != nil || end == len(args) {
			return
		}
		args = args[end+1:]
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		args = []string{"env"}
	}
	switch command, args := args[0], args[1:]; {
	case command == "env":
		printEnv()
		return nil
	case command == "json":
		return json.NewEncoder(os.Stdout).Encode(environment())
	case command == "get":
		return each(ctx, args, get)
	case command == "lookup":
		return each(ctx, args, lookup)
	case len(args) != 1:
		return fmt.Errorf("%s %q: want env, json, serve ADDRESS, get URL…, lookup NAME…, sleep DURATION or exit STATUS", command, args)
	case command == "serve":
		return serve(ctx, args[0])
	case command == "sleep":
		return sleep(ctx, args[0])
	case command == "exit":
		return exit(args[0])
	default:
		return fmt.Errorf("unknown command: %s", command)
	}
}

func printEnv() {
	env := os.Environ()
	slices.Sort(env)
	for _, line := range env {
		fmt.Println(line)
	}
}

func environment() map[string]string {
	env := map[string]string{}
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

func serve(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(environment()) // fails only if the client has disconnected
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		host, _ := os.Hostname()
		fmt.Fprintf(w, "hello from %s to %s\n", host, r.RemoteAddr)
	})
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// each calls do for each argument and retries failures for ten seconds: a Service may get its pods' addresses
// a moment after they are ready.
func each(ctx context.Context, args []string, do func(context.Context, string) (string, error)) error {
	for _, arg := range args {
		arg = os.ExpandEnv(arg)
		var output string
		var err error
		for range 40 {
			if output, err = do(ctx, arg); err == nil || ctx.Err() != nil {
				break
			}
			time.Sleep(250 * time.Millisecond)
		}
		if err != nil {
			return err
		}
		fmt.Println(arg, "->", strings.TrimSpace(output))
	}
	return nil
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s", response.StatusCode, body), err
}

func lookup(ctx context.Context, name string) (string, error) {
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	return strings.Join(addresses, " "), err
}

func sleep(ctx context.Context, duration string) error {
	d, err := time.ParseDuration(duration)
	if err != nil {
		return err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return nil
}

func exit(status string) error {
	n, err := strconv.Atoi(status)
	if err != nil {
		return err
	}
	os.Exit(n)
	return nil
}
