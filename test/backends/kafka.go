package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// broker is a Kafka broker with one topic for each signal, and a consumer that counts.
type broker struct {
	cluster *kfake.Cluster
	client  *kgo.Client
	counts  tallies
	watch   words
	records atomic.Int64 // in all topics
	caught  atomic.Int64 // records that contain a watched text
}

type kafkaOptions struct {
	port  int
	name  string
	watch words
	// user is name:password, certificates a directory; empty disables either.
	user, certificates string
}

func newBroker(o kafkaOptions) (*broker, error) {
	local := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port))
	server, access, err := o.access()
	if err != nil {
		return nil, err
	}
	cluster, err := kfake.NewCluster(append(server, kfake.Ports(o.port), kfake.NumBrokers(1),
		kfake.SeedTopics(4, "otlp_spans", "otlp_metrics", "otlp_logs"))...)
	if err != nil {
		return nil, fmt.Errorf("start a Kafka broker on port %d: %w", o.port, err)
	}
	if o.user != "" {
		refusePlain(cluster, o.user)
	}
	client, err := kgo.NewClient(append(access, kgo.SeedBrokers(local), kgo.ConsumeTopics("otlp_spans", "otlp_metrics", "otlp_logs"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		cluster.Close()
		return nil, fmt.Errorf("connect to the Kafka broker: %w", err)
	}
	return &broker{cluster: cluster, client: client, counts: newTallies(), watch: o.watch}, nil
}

// refusePlain answers PLAIN logins with a wrong name or password as brokers do. kfake only closes the connection, and
// still does so for SCRAM.
func refusePlain(cluster *kfake.Cluster, user string) {
	right := "\x00" + strings.Replace(user, ":", "\x00", 1)
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		request := r.(*kmsg.SASLAuthenticateRequest)
		if given := string(request.SASLAuthBytes); !strings.HasPrefix(given, "\x00") || given == right {
			return nil, nil, false
		}
		response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		response.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return response, nil, true
	})
}

// access configures access to the broker: open, or mutual TLS with a login.
func (o kafkaOptions) access() (server []kfake.Opt, client []kgo.Opt, err error) {
	if o.user != "" {
		name, password, _ := strings.Cut(o.user, ":")
		server = append(server, kfake.EnableSASL())
		for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
			server = append(server, kfake.Superuser(mechanism, name, password))
		}
		client = append(client, kgo.SASL(scram.Auth{User: name, Pass: password}.AsSha512Mechanism()))
	}
	if o.certificates == "" {
		local := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port))
		return append(server, kfake.ListenFn(o.listen)), append(client, kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, local) // regardless of the advertised name
		})), nil
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(o.certificates, "tls.crt"), filepath.Join(o.certificates, "tls.key"))
	if err != nil {
		return nil, nil, fmt.Errorf("read the Kafka broker's certificate: %w", err)
	}
	authority, err := os.ReadFile(filepath.Join(o.certificates, "ca.crt"))
	if err != nil {
		return nil, nil, fmt.Errorf("read the Kafka broker's authority: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	own := []tls.Certificate{certificate}
	server = append(server, kfake.TLS(&tls.Config{Certificates: own, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}))
	// The consumer here trusts the CA and ignores the broker's name.
	return server, append(client, kgo.DialTLSConfig(&tls.Config{Certificates: own, InsecureSkipVerify: true})), nil
}

// listen returns a listener whose address is the advertised name, which brokers report to clients.
func (o kafkaOptions) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil || o.name == "" {
		return l, err
	}
	return named{l, o.name}, nil
}

type named struct {
	net.Listener
	name string
}

func (n named) Addr() net.Addr { return name(n.name) }

type name string

func (name) Network() string  { return "tcp" }
func (n name) String() string { return string(n) }

// consume counts records until the context ends.
func (b *broker) consume(ctx context.Context) {
	for ctx.Err() == nil {
		b.client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if err := b.add(r); err != nil {
				slog.Error("decode a Kafka record", "topic", r.Topic, "error", err)
			}
		})
	}
	b.client.Close()
	b.cluster.Close()
}

func (b *broker) add(r *kgo.Record) error {
	b.records.Add(1)
	if b.watch.in(r.Value) {
		b.caught.Add(1)
	}
	switch r.Topic {
	case "otlp_spans":
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(r.Value)
		if err != nil {
			return err
		}
		b.counts.addTraces(td)
	case "otlp_metrics":
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(r.Value)
		if err != nil {
			return err
		}
		b.counts.addMetrics(md)
	default:
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(r.Value)
		if err != nil {
			return err
		}
		b.counts.addLogs(ld)
	}
	return nil
}
