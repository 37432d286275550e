package pipeline

import (
	"net"
	"strconv"
	"testing"

	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/ports"
)

// Backends are the stores of central sites: the program test/backends, which counts what arrives.
type Backends struct {
	// Host is their address; test/backends has the ports.
	Host string

	kafka int // port, on 127.0.0.1
}

// StartBackends starts the stores on an address of this machine, with further flags of test/backends. They
// stop with the test.
func StartBackends(t testing.TB, host string, flags ...string) *Backends {
	t.Helper()
	program, err := collector.Backends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := &Backends{Host: host, kafka: ports.ForTest(t, "127.0.0.1", 1)[0]}
	startChild(t, program, append(flags, "-host="+host, "-kafka-port="+strconv.Itoa(b.kafka))...).ready(t, "http://"+net.JoinHostPort(host, "8080")+"/healthz")
	return b
}

// Stores are the addresses of the stores in a central Collector's configuration.
type Stores struct{ OTLP, S3, RemoteWrite, Kafka string }

// Direct returns the addresses of the stores themselves, without links.
func (b *Backends) Direct() Stores {
	return Stores{
		OTLP:        net.JoinHostPort(b.Host, "4317"),
		S3:          net.JoinHostPort(b.Host, "9000"),
		RemoteWrite: net.JoinHostPort(b.Host, "9090"),
		Kafka:       net.JoinHostPort("127.0.0.1", strconv.Itoa(b.kafka)),
	}
}
