package collector

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/ports"
)

// podAttributes are the injector's attributes for the sidecar, percent-encoded. The last value has the
// maximum length that the Collector's env detector accepts: 256 bytes as written. With one more byte, or
// any other malformed attribute, the Collector does not start.
func podAttributes() string {
	return "cloud.provider=aws,cloud.region=us-east-1,k8s.cluster.name=prod,team=a%2Cb%3Dc%2B%C3%A9%20%25,long=" + longest()
}

func longest() string { return strings.Repeat("x", 256) }

func TestSidecarConfigurationIsValid(t *testing.T) {
	r := newPipeline(t, loopback).sidecarRun(t)
	if err := Validate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Configs = append(r.Configs, "yaml:exporters::otlp_grpc::no_such_key: 1")
	if err := Validate(t.Context(), r); err == nil {
		t.Error("an unknown key passed validation: the check is ineffective")
	}
}

func TestSidecarForwardsApplicationTelemetry(t *testing.T) {
	for name, to := range map[string]struct{ podIP, exporter string }{
		"IPv4":      {loopback, "otlp_grpc"},
		"IPv6":      {"::1", "otlp_grpc"},
		"over HTTP": {loopback, "otlp_http"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPipeline(t, to.podIP)
			p.exporter = to.exporter
			sink := p.startSink(t)
			sidecar := Start(t, p.sidecarRun(t))

			p.runApp(t, 1, "grpc", "OTEL_SERVICE_NAME=by-grpc")
			p.runApp(t, 1, "http/protobuf", "OTEL_SERVICE_NAME=by-http", "OTEL_RESOURCE_ATTRIBUTES=cloud.region=mine,note=1%2C2%3D3%25")
			// An exporter with the other protocol's port hard-coded.
			p.runApp(t, 1, "grpc", "OTEL_SERVICE_NAME=grpc-to-4318", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:"+p.appHTTP)
			p.runApp(t, 1, "http/protobuf", "OTEL_SERVICE_NAME=http-to-4317", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:"+p.appGRPC)
			p.post(t, "traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"bare",
				"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}]}]}]}`)
			p.post(t, "metrics", `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"orders","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}`)
			p.post(t, "logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"sold"}}]}]}]}`)
			sidecar.Stop(t)
			sink.Stop(t)

			pod := map[string]string{"cloud.provider": "aws", "cloud.region": "us-east-1", "k8s.cluster.name": "prod", "team": "a,b=c+é %", "long": longest()}
			want := map[string]map[string]string{
				"metric orders":            pod,
				"log sold":                 pod,
				"span bare":                pod,
				"span span-0 grpc-to-4318": with(pod, "service.name", "grpc-to-4318"),
				"span span-0 http-to-4317": with(pod, "service.name", "http-to-4317"),
				"span span-0 by-grpc":      with(pod, "service.name", "by-grpc"),
				"span span-0 by-http":      with(pod, "service.name", "by-http", "cloud.region", "mine", "note", "1,2=3%"),
			}
			if diff := cmp.Diff(want, byName(p.received(t))); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			for line := range strings.Lines(sidecar.Log()) {
				if strings.Contains(line, "\twarn\t") || strings.Contains(line, "\terror\t") || strings.Contains(line, "eprecated") {
					t.Errorf("the sidecar logged %s", line)
				}
			}
		})
	}
}

// TestSidecarFlushesWhenItIsStopped checks that items acknowledged just before the pod ends still arrive.
func TestSidecarFlushesWhenItIsStopped(t *testing.T) {
	p := newPipeline(t, loopback)
	sink := p.startSink(t)
	sidecar := Start(t, p.sidecarRun(t))
	p.runApp(t, 6000, "grpc")
	sidecar.Stop(t)
	sink.Stop(t)
	if got := len(p.received(t)); got != 6000 {
		t.Errorf("%d of 6000 spans arrived", got)
	}
}

func TestSidecarKeepsTelemetryWhileTheEndpointIsDown(t *testing.T) {
	p := newPipeline(t, loopback)
	Start(t, p.sidecarRun(t))
	p.runApp(t, 500, "grpc")
	p.startSink(t)

	deadline := time.After(time.Minute)
	for got := 0; got != 500; got = len(p.received(t)) {
		select {
		case <-deadline:
			t.Fatalf("%d of 500 spans arrived within a minute", got)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// pipeline is an application, a sidecar and a sink on this machine.
type pipeline struct {
	podIP          string
	sinkFile       string
	appGRPC        string // the sidecar's ports for the application
	appHTTP        string
	sinkGRPC       string
	sinkHTTP       string
	exporter       string // the sidecar's exporter: otlp_grpc or otlp_http
	sinkHealthPort string
}

// loopback replaces a pod's address. It is not 127.0.0.1, because another Collector may use the health port
// there.
const loopback = "127.77.13.1"

func newPipeline(t *testing.T, podIP string) *pipeline {
	app, sink := freePorts(t, "127.0.0.1", 2), freePorts(t, podIP, 3)
	return &pipeline{
		podIP:    podIP,
		sinkFile: filepath.Join(t.TempDir(), "received.json"),
		appGRPC:  app[0], appHTTP: app[1],
		exporter: "otlp_grpc", sinkGRPC: sink[0], sinkHTTP: sink[1], sinkHealthPort: sink[2],
	}
}

func freePorts(t *testing.T, ip string, n int) []string {
	free, err := ports.Free(ip, n)
	if err != nil {
		t.Skipf("no address %s on this machine: %v", ip, err)
	}
	return ports.Texts(free)
}

// sidecarRun describes the sidecar as the injector runs it, except for the application's ports, which would
// conflict with other Collectors on this machine.
func (p *pipeline) sidecarRun(t *testing.T) Run {
	return Run{
		Program: program(t, Program),
		Configs: []string{
			"env:TELEPOD_SIDECAR_CONFIG",
			fmt.Sprintf("yaml:receivers::otlp_mux::endpoints: [%q, %q]", "127.0.0.1:"+p.appGRPC, "127.0.0.1:"+p.appHTTP),
		},
		Env: []string{
			"TELEPOD_SIDECAR_CONFIG=" + sidecarConfig(t),
			"TELEPOD_EXPORTER=" + p.exporter,
			"TELEPOD_EXPORT_ENDPOINT=http://" + net.JoinHostPort(p.podIP, map[string]string{"otlp_grpc": p.sinkGRPC, "otlp_http": p.sinkHTTP}[p.exporter]),
			"K8S_POD_IP=" + p.podIP,
			"OTEL_RESOURCE_ATTRIBUTES=" + podAttributes(),
		},
		Health: "http://" + net.JoinHostPort(p.podIP, "13133") + "/",
	}
}

func (p *pipeline) startSink(t *testing.T) *Process {
	host := p.podIP
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return Start(t, Run{
		Program: program(t, Program),
		Configs: []string{"env:SINK_CONFIG"},
		Env: []string{
			"SINK_CONFIG=" + SinkConfig(), "SINK_FILE=" + p.sinkFile, "SINK_HOST=" + host,
			"SINK_GRPC_PORT=" + p.sinkGRPC, "SINK_HTTP_PORT=" + p.sinkHTTP, "SINK_HEALTH_PORT=" + p.sinkHealthPort,
		},
		Health: "http://" + host + ":" + p.sinkHealthPort + "/",
	})
}

// runApp sends spans with the stock SDK, configured by variables only, until all are acknowledged.
func (p *pipeline) runApp(t *testing.T, spans int, protocol string, env ...string) {
	t.Helper()
	port := map[string]string{"grpc": p.appGRPC, "http/protobuf": p.appHTTP}[protocol]
	cmd := exec.CommandContext(t.Context(), program(t, App), "-spans", strconv.Itoa(spans))
	cmd.Env = append([]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:" + port,
		"OTEL_EXPORTER_OTLP_PROTOCOL=" + protocol,
	}, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("application over %s: %v\n%s", protocol, err, out)
	}
}

func (p *pipeline) post(t *testing.T, signal, body string) {
	t.Helper()
	url := "http://127.0.0.1:" + p.appHTTP + "/v1/" + signal
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s", url, resp.Status)
	}
}

func (p *pipeline) received(t *testing.T) []Item {
	t.Helper()
	f, err := os.Open(p.sinkFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	items, err := ReadItems(f)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// byName maps each item to its resource, without the SDK's own attributes. All spans of the application have
// the same name, so the key includes their service.
func byName(items []Item) map[string]map[string]string {
	m := map[string]map[string]string{}
	for _, i := range items {
		name := strings.TrimSpace(i.Signal + " " + i.Name + " " + i.Resource["service.name"])
		m[name] = map[string]string{}
		for k, v := range i.Resource {
			if !strings.HasPrefix(k, "telemetry.sdk.") {
				m[name][k] = v
			}
		}
	}
	return m
}

func with(m map[string]string, pairs ...string) map[string]string {
	merged := map[string]string{}
	for k, v := range m {
		merged[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		merged[pairs[i]] = pairs[i+1]
	}
	return merged
}

func program(t *testing.T, build func(context.Context) (string, error)) string {
	t.Helper()
	path, err := build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// sidecarConfig returns the default configuration in profiles.
func sidecarConfig(t *testing.T) string {
	t.Helper()
	set, err := profiles.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	base, ok := set.Lookup("base")
	if !ok {
		t.Fatal("no profile \"base\"")
	}
	return base.Sidecar.Config
}
