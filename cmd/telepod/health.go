package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/health"
)

const healthLong = `Ask Collectors whether they work, all at once, and say of each that does not which stage failed:
address (nothing is there), handshake (TLS does not come about), protocol (something else answers) or
status (it says that it does not serve).

An endpoint is grpc://HOST:PORT, grpcs:// with TLS, or the URL of an HTTP health endpoint. A bare
HOST:PORT means HTTP for port 13133 and gRPC for others, with TLS where --ca, --cert or
--server-name is given. Over gRPC the health service is asked (grpc.health.v1); the OTLP port of a Collector
has none, and is sent an empty export instead, which it acknowledges and passes to nobody.

Exit code 0 means that all of them serve.`

const healthExample = `  telepod health http://telepod-collector.telepod.svc:13133
  telepod health central.example:4317 backup.example:4317 --ca ca.crt --cert tls.crt --key tls.key
  telepod health 10.0.3.7:13133 -o json`

type healthFlags struct {
	timeout    time.Duration
	ca         string
	cert, key  string
	serverName string
	output     *choice
}

func newHealthCommand() *cobra.Command {
	f := &healthFlags{}
	cmd := &cobra.Command{
		Use:     "health ENDPOINT…",
		Short:   "Ask Collectors whether they work, over gRPC or HTTP",
		Long:    healthLong,
		Example: healthExample,
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE:    f.run,
	}
	flags := cmd.Flags()
	flags.DurationVar(&f.timeout, "timeout", health.DefaultTimeout, "time for each endpoint")
	flags.StringVar(&f.ca, "ca", "", "file with the CA certificates to trust instead of the system's")
	flags.StringVar(&f.cert, "cert", "", "file with the certificate to show, for mTLS")
	flags.StringVar(&f.key, "key", "", "file with its private key")
	flags.StringVar(&f.serverName, "server-name", "", "name in the Collectors' certificates, where it is not that of the endpoint")
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
	if (f.cert == "") != (f.key == "") {
		return wrongUsage(cmd, "a certificate takes --cert and --key")
	}
	config, err := f.tls()
	if err != nil {
		return err
	}
	list := checkAll(cmd.Context(), endpoints, health.Options{Timeout: f.timeout, TLS: config})
	if f.output.value == "json" {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(list)
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

// tls is nil where no flag asks for it.
func (f *healthFlags) tls() (*tls.Config, error) {
	if f.ca == "" && f.cert == "" && f.serverName == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: f.serverName}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("read the CA certificates: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read the CA certificates: %s holds none in PEM", f.ca)
		}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("read the certificate to show: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
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
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ENDPOINT\tSTATUS\tTIME\tDETAIL")
	for _, c := range list {
		status := fmt.Sprintf("SERVING (%s)", c.AnsweredBy)
		if !c.Serving {
			status = fmt.Sprintf("FAILED (%s)", c.FailedAt)
		}
		fmt.Fprintf(w, "%s\t%s\t%.0f ms\t%s\n", c.Endpoint, status, c.Milliseconds, c.Detail)
	}
	return w.Flush()
}
