package health_test

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telepod/telepod/health"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/ports"
)

// endpoint is the chart's configuration of the extension.
const endpoint = `{endpoint: "127.0.0.1:%d"}`

// config is a Collector that receives OTLP over mutual TLS, like a central site. Its exporter's destination
// does not exist, but the receiver still serves.
const config = `
extensions:
  health_check: %[4]s
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%[2]d", tls: {cert_file: %[3]s/server.crt, key_file: %[3]s/server.key, client_ca_file: %[3]s/ca.crt}}, http: {endpoint: "127.0.0.1:%[5]d", tls: {cert_file: %[3]s/server.crt, key_file: %[3]s/server.key, client_ca_file: %[3]s/ca.crt}}}}
exporters:
  otlp_grpc: {endpoint: "127.0.0.1:1", tls: {insecure: true}}
service:
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_grpc]}}
  telemetry: {metrics: {level: none}}
`

// site is a running Collector and the CA of its clients.
type site struct {
	process          *collector.Process
	ca               authority
	grpc, otlp, http string // otlp is OTLP over HTTP, http the health endpoint
}

// startSite runs a Collector with a certificate valid until then. extension configures health_check and has a
// placeholder for its HTTP port.
func startSite(t *testing.T, until time.Time, extension string, gates ...string) site {
	t.Helper()
	program, err := collector.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ca, dir := newAuthority(t), t.TempDir()
	write(t, dir, "server", ca.issue(t, until, loopback))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.certificate.Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	free := ports.ForTest(t, loopback, 3)
	s := site{ca: ca, http: fmt.Sprintf("%s:%d", loopback, free[0]), grpc: fmt.Sprintf("%s:%d", loopback, free[1]),
		otlp: fmt.Sprintf("https://%s:%d/v1/traces", loopback, free[2])}
	s.process = collector.Start(t, collector.Run{Program: program, Gates: gates, Configs: []string{"env:CONFIG"},
		Env:    []string{"CONFIG=" + fmt.Sprintf(config, free[0], free[1], dir, fmt.Sprintf(extension, free[0]), free[2])},
		Health: "http://" + s.http + "/"})
	return s
}

// as returns the options of a client with these certificates.
func (s site) as(certificates ...tls.Certificate) health.Options {
	return health.Options{TLS: &tls.Config{RootCAs: s.ca.pool(), Certificates: certificates}}
}

func soon() time.Time { return time.Now().Add(time.Hour) }
func past() time.Time { return time.Now().Add(-time.Hour) }

func TestCollectorAnswers(t *testing.T) {
	s := startSite(t, soon(), endpoint)
	client := s.ca.issue(t, soon(), loopback)
	answer, err := health.Check(t.Context(), "http://"+s.http, health.Options{})
	if err != nil || answer.By != health.ByHTTP || !strings.Contains(answer.Detail, "Server available") {
		t.Errorf("HTTP: answer %+v, error %v", answer, err)
	}
	answer, err = health.Check(t.Context(), s.grpc, s.as(client))
	if err != nil || answer.By != health.ByOTLP {
		t.Errorf("OTLP over mTLS: answer %+v, error %v", answer, err)
	}
	answer, err = health.Check(t.Context(), s.otlp, s.as(client))
	if err != nil || answer.By != health.ByOTLP {
		t.Errorf("OTLP over HTTP with mTLS: answer %+v, error %v", answer, err)
	}
	expect(t, s.otlp, s.as(), failure{health.StageHandshake, "the Collector rejected the client certificate"})
	stranger := newAuthority(t)
	for name, c := range map[string]struct {
		o    health.Options
		want failure
	}{
		"another CA is trusted":            {health.Options{TLS: &tls.Config{RootCAs: stranger.pool(), Certificates: []tls.Certificate{client}}}, failure{health.StageHandshake, "use the CA that signed its certificate"}},
		"no client certificate":            {s.as(), failure{health.StageHandshake, "the Collector rejected the client certificate"}},
		"client certificate of another CA": {s.as(stranger.issue(t, soon(), loopback)), failure{health.StageHandshake, "the Collector rejected the client certificate"}},
		"expired client certificate":       {s.as(s.ca.issue(t, past(), loopback)), failure{health.StageHandshake, "the Collector rejected the client certificate"}},
		"another name is expected":         {health.Options{TLS: &tls.Config{RootCAs: s.ca.pool(), ServerName: "central.example", Certificates: []tls.Certificate{client}}}, failure{health.StageHandshake, "central.example"}},
	} {
		t.Run(name, func(t *testing.T) { expect(t, s.grpc, c.o, c.want) })
	}
	t.Run("client without TLS", func(t *testing.T) {
		expect(t, "grpc://"+s.grpc, health.Options{}, failure{health.StageProtocol, "if it expects TLS, use grpcs://"})
	})
	t.Run("it hangs", func(t *testing.T) {
		suspend(t, s.process.Pid())
		o := s.as(client)
		o.Timeout = 500 * time.Millisecond
		expect(t, s.grpc, o, failure{health.StageHandshake, "does not respond"})
		expect(t, "http://"+s.http, health.Options{Timeout: o.Timeout}, failure{health.StageProtocol, "does not respond"})
	})
	t.Run("it has stopped", func(t *testing.T) {
		s.process.Kill(t)
		expect(t, s.grpc, s.as(client), failure{health.StageAddress, "nothing listens there"})
		expect(t, "http://"+s.http, health.Options{}, failure{health.StageAddress, "nothing listens there"})
	})
}

// suspend stops a process until the test ends, and waits until all of its threads have stopped.
func suspend(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // fails if the process has ended
	for {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(threads) == 0 {
			t.Fatalf("find the threads of %d: %v", pid, err)
		}
		running := slices.ContainsFunc(threads, func(file string) bool {
			stat, err := os.ReadFile(file)
			_, rest, _ := strings.Cut(string(stat), ") ")
			return err != nil || !strings.HasPrefix(rest, "T")
		})
		if !running {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestCollectorWithAnExpiredCertificate(t *testing.T) {
	s := startSite(t, past(), endpoint)
	expect(t, s.grpc, s.as(s.ca.issue(t, soon(), loopback)), failure{health.StageHandshake, "renew the Collector's certificate"})
}

// The gRPC health service of the extension health_check is behind a feature gate.
func TestCollectorWithTheHealthService(t *testing.T) {
	port := ports.ForTest(t, loopback, 1)[0]
	extension := fmt.Sprintf(`{http: {endpoint: "127.0.0.1:%%d", status: {path: /}}, grpc: {endpoint: "127.0.0.1:%d"}}`, port)
	startSite(t, soon(), extension, "+extension.healthcheck.useComponentStatus")
	answer, err := health.Check(t.Context(), fmt.Sprintf("127.0.0.1:%d", port), health.Options{})
	if err != nil || answer.By != health.ByHealthService {
		t.Errorf("answer %+v, error %v", answer, err)
	}
}
