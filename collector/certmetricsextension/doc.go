// Package certmetricsextension reports when the certificates in files expire, as a metric that an alert can watch.
//
// It reads the files that the Collector's TLS settings name, each time its metrics are collected. It does not load
// certificates into receivers or exporters, does not verify chains, and never stops the Collector: a file that it
// cannot read is logged. Package otlpmuxreceiver serves these certificates, package failoverexporter presents them.
package certmetricsextension
