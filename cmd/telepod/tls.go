package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tlsFlags are a client's TLS settings.
type tlsFlags struct {
	ca, cert, key, serverName string
}

func (f *tlsFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.ca, "ca", "", "file with the CA certificates to trust; defaults to the system's")
	flags.StringVar(&f.cert, "cert", "", "file with the client's certificate, for mutual TLS")
	flags.StringVar(&f.key, "key", "", "file with its private key")
	flags.StringVar(&f.serverName, "server-name", "", "name in the server's certificate if it is not the endpoint's")
}

// config returns nil if no flag requires TLS.
func (f *tlsFlags) config(cmd *cobra.Command) (*tls.Config, error) {
	if (f.cert == "") != (f.key == "") {
		return nil, wrongUsage(cmd, "--cert and --key must be used together")
	}
	if f.ca == "" && f.cert == "" && f.serverName == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: f.serverName, MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("read --ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read --ca %s: it contains no PEM certificate", f.ca)
		}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("read --cert and --key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
