//go:build !injector

package main

import (
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/archive/otlp"
)

// envHeaders is OpenTelemetry's variable: secrets do not belong on a command line.
const envHeaders = "OTEL_EXPORTER_OTLP_HEADERS"

// targetFlags set the target of a replay.
type targetFlags struct {
	endpoint          string
	protocol          *choice
	headers           []string
	tls               tlsFlags
	timeout, giveUpIn time.Duration
}

func (f *targetFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.endpoint, "endpoint", "", "OTLP endpoint to send to: http://host:4317, or https:// for TLS (required)")
	f.protocol = choiceFlag(cmd, "protocol", "", otlp.GRPC, otlp.HTTP)
	flags.StringArrayVar(&f.headers, "header", nil, "header name=value for each request; use "+envHeaders+" for secrets")
	f.tls.register(flags)
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "time limit for one attempt")
	flags.DurationVar(&f.giveUpIn, "give-up-after", 10*time.Minute, "how long a request is retried while the endpoint is unavailable")
}

// options reads headers and certificates.
func (f *targetFlags) options(cmd *cobra.Command) (otlp.Options, error) {
	o := otlp.Options{
		Endpoint: f.endpoint, Protocol: f.protocol.value, Timeout: f.timeout, GiveUp: f.giveUpIn,
		Pause: time.Second, MaxPause: 30 * time.Second,
	}
	if f.endpoint == "" {
		return o, wrongUsage(cmd, "--endpoint is required: set it to a URL, or use --dry-run")
	}
	if u, err := url.Parse(f.endpoint); err == nil && u.User != nil {
		return o, wrongUsage(cmd, "--endpoint contains a user, but it is printed and stored: set the header Authorization in %s", envHeaders)
	}
	if strings.HasPrefix(f.endpoint, "http://") && f.tls != (tlsFlags{}) {
		return o, wrongUsage(cmd, "--endpoint %s is plain text, so certificates have no effect: use https://", f.endpoint)
	}
	var err error
	if o.Headers, err = f.allHeaders(); err != nil {
		return o, wrongUsage(cmd, "%v", err)
	}
	o.TLS, err = f.tls.config(cmd)
	return o, err
}

// allHeaders merges the headers from the environment and from the flags, which win.
func (f *targetFlags) allHeaders() (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(os.Getenv(envHeaders), ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		plain, err := url.PathUnescape(value) // values are percent-encoded there
		if !found || err != nil {
			return nil, errors.New("read " + envHeaders + ": write name=value,name=value")
		}
		headers[strings.TrimSpace(name)] = strings.TrimSpace(plain)
	}
	for _, pair := range f.headers {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, errors.New("--header: write name=value")
		}
		headers[name] = value
	}
	return headers, nil
}
