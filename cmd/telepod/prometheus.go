package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet/prometheus"
)

// envPrometheus is the default of --prometheus.
const envPrometheus = "TELEPOD_PROMETHEUS"

// prometheusFlags locate the Prometheus of the central sites.
type prometheusFlags struct {
	address, tokenFile, tenant string
	tls                        tlsFlags

	// server is nil if none is configured.
	server *prometheus.Server
}

func (f *prometheusFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.address, "prometheus", "", "URL of the Prometheus, Thanos or Mimir that has the chart's rules; defaults to "+envPrometheus)
	flags.StringVar(&f.tokenFile, "token-file", "", "file with a bearer token for --prometheus")
	flags.StringVar(&f.tenant, "tenant", "", "tenant for --prometheus (X-Scope-OrgID)")
	f.tls.register(flags)
}

func (f *prometheusFlags) open(cmd *cobra.Command) error {
	address := cmp.Or(f.address, os.Getenv(envPrometheus))
	config, err := f.tls.config(cmd)
	if err != nil || address == "" {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	o := prometheus.Options{Transport: transport, Tenant: f.tenant}
	if f.tokenFile != "" {
		text, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return fmt.Errorf("read --token-file: %w", err)
		}
		o.Token = strings.TrimSpace(string(text))
	}
	if f.server, err = prometheus.New(address, o); err != nil {
		return wrongUsage(cmd, "--prometheus: %w", err)
	}
	return nil
}
