package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/health"
	"github.com/telepod/telepod/terminal"
)

const healthLong = `Check Collectors concurrently, and report which stage failed for each that does not work: address (the name cannot be
resolved, or the connection fails), handshake (TLS negotiation failed), protocol (something else answers) or status (it
reports that it is not serving).

An endpoint is grpc://HOST:PORT, grpcs:// with TLS, or an http:// or https:// URL. Port 4318 is treated as a receiver of
OTLP over HTTP, other URLs as a health endpoint. A bare HOST:PORT means HTTP for the ports 13133 and 4318, and gRPC for
others, with TLS if --ca, --cert or --server-name is set. Over gRPC, the health service (grpc.health.v1) is queried. An
OTLP receiver does not serve it: it gets an empty export, which it acknowledges and does not forward.

The exit code is 0 if all of them are serving.`

const healthExample = `  telepod health http://telepod-collector.telepod.svc:13133
  telepod health central.example:4318 backup.example:4318 --ca ca.crt --cert tls.crt --key tls.key
  telepod health 10.0.3.7:13133 -o json`

type healthFlags struct {
	timeout time.Duration
	tls     tlsFlags
	output  *choice
}

func newHealthCommand() *cobra.Command {
	f := &healthFlags{}
	cmd := &cobra.Command{
		Use:     "health ENDPOINT…",
		Short:   "Check whether Collectors work, over gRPC or HTTP",
		Long:    healthLong,
		Example: healthExample,
		Args: func(cmd *cobra.Command, endpoints []string) error {
			if len(endpoints) == 0 {
				return wrongUsage(cmd, "name an endpoint, such as collector.example:4318")
			}
			return nil
		},
		RunE: f.run,
	}
	cmd.Flags().DurationVar(&f.timeout, "timeout", health.DefaultTimeout, "time limit for each endpoint")
	f.tls.register(cmd.Flags())
	f.output = choiceFlag(cmd, "output", "o", "table", "json")
	return cmd
}

// checked is one endpoint in the output.
type checked struct {
	Endpoint     string        `json:"endpoint"`
	Serving      bool          `json:"serving"`
	AnsweredBy   health.Source `json:"answeredBy,omitempty"`
	FailedAt     health.Stage  `json:"failedAt,omitempty"`
	Detail       string        `json:"detail,omitempty"`
	Milliseconds float64       `json:"milliseconds"`
}

func (f *healthFlags) run(cmd *cobra.Command, endpoints []string) error {
	if f.timeout <= 0 {
		return wrongUsage(cmd, "--timeout %v: choose a longer time", f.timeout)
	}
	config, err := f.tls.config(cmd)
	if err != nil {
		return err
	}
	list := checkAll(cmd.Context(), endpoints, health.Options{Timeout: f.timeout, TLS: config})
	if f.output.value == "json" {
		err = printJSON(cmd.OutOrStdout(), list)
	} else {
		err = printChecked(cmd.OutOrStdout(), list)
	}
	if err != nil {
		return err
	}
	failed := 0
	for _, c := range list {
		if !c.Serving {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d endpoints do not serve", failed, len(list))
	}
	return nil
}

func checkAll(ctx context.Context, endpoints []string, o health.Options) []checked {
	list := make([]checked, len(endpoints))
	var all sync.WaitGroup
	for i, endpoint := range endpoints {
		all.Go(func() { list[i] = checkOne(ctx, endpoint, o) })
	}
	all.Wait()
	return list
}

func checkOne(ctx context.Context, endpoint string, o health.Options) checked {
	began := time.Now()
	answer, err := health.Check(ctx, endpoint, o)
	c := checked{Endpoint: endpoint, Serving: err == nil, AnsweredBy: answer.By, Detail: answer.Detail,
		Milliseconds: float64(time.Since(began).Microseconds()) / 1000}
	if problem, ok := errors.AsType[*health.Error](err); ok {
		c.FailedAt, c.Detail = problem.Stage, problem.Err.Error()
		if problem.Advice != "" {
			c.Detail += ": " + problem.Advice
		}
	}
	return c
}

func printChecked(out io.Writer, list []checked) error {
	rows := [][]terminal.Cell{terminal.Row("ENDPOINT", "STATUS", "TIME", "DETAIL")}
	for _, c := range list {
		row := terminal.Row(c.Endpoint, fmt.Sprintf("SERVING (%s)", c.AnsweredBy), fmt.Sprintf("%.0f ms", c.Milliseconds), c.Detail)
		row[1].Tone = terminal.Good
		if !c.Serving {
			row[1] = terminal.Cell{Text: fmt.Sprintf("FAILED (%s)", c.FailedAt), Tone: terminal.Bad}
		}
		rows = append(rows, row)
	}
	_, err := io.WriteString(out, terminal.Of(out).Table(rows...))
	return err
}
