package clouds

import (
	"context"
	_ "embed" // configurations
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/ports"
)

// Stores are Jaeger, Prometheus, VictoriaLogs, and test/backends as S3 and Kafka: processes on this machine, on
// loopback addresses. The URLs are for people and tests; pods use links.
type Stores struct {
	// Jaeger is the URL of Jaeger's query service, Prometheus the URL of its web pages and API.
	Jaeger, Prometheus string
	// Logs is the URL of VictoriaLogs: its web pages and API.
	Logs string
	// S3 is the URL of the S3 service, whose bucket is [Bucket].
	S3 string
	// Control is the URL of test/backends' control port.
	Control string

	host      string // of all except Kafka
	kafka     string // host:port
	processes []*process
}

// Bucket of the archive.
const Bucket = "archive"

//go:embed jaeger.yaml
var jaegerConfig string

// Jaeger builds Jaeger if necessary and returns its path.
func Jaeger(ctx context.Context) (string, error) {
	const module = "github.com/jaegertracing/jaeger"
	// Jaeger was written for version 0.140 of the Collector's modules, which is not available. The next version
	// replaces hosts by their extensions (none here), and makes the exporter's queue optional.
	patch := func(file, old, new string) build.Patch {
		return build.Patch{Module: module, File: file, Old: old, New: new}
	}
	const toServer, noHost = "ToServer(ctx, host,", "ToServer(ctx, nil,"
	return build.Binary(ctx, build.Spec{
		Name: "jaeger", Module: "test/backends/jaeger", Package: module + "/cmd/jaeger", Takes: "about 4 minutes",
		Patches: []build.Patch{
			patch("cmd/jaeger/internal/extension/expvar/extension.go", toServer, noHost),
			patch("cmd/jaeger/internal/extension/remotesampling/extension.go", toServer, noHost),
			patch("internal/storage/v1/grpc/factory.go", "f.telset.Host, telset", "nil, telset"),
			patch("internal/storage/v2/grpc/factory.go", "f.telset.Host, telset", "nil, telset"),
			patch("cmd/query/app/server.go", "\t\ttelset.Host,", "\t\tnil,"),
			patch("cmd/remote-storage/app/server.go", "\t\ttelset.Host,", "\t\tnil,"),
			patch("cmd/jaeger/internal/exporters/storageexporter/factory.go", "\t\texporterhelper.WithQueue(cfg.QueueConfig),\n", ""),
		},
	})
}

// prometheus finds a Prometheus in PATH, such as Debian's.
func prometheus(context.Context) (string, error) {
	path, err := exec.LookPath("prometheus")
	if err != nil {
		return "", fmt.Errorf("find prometheus: %w: run test/cluster/install-debian.sh, or install Prometheus 2.39 or later", err)
	}
	return path, nil
}

// StartStores starts the stores. watch lists texts that must not arrive: [Stores.Seen] counts them.
func (e *Estate) StartStores(ctx context.Context, watch ...string) error {
	free, err := ports.Free("127.0.0.1", 1)
	if err != nil {
		return err
	}
	port := strconv.Itoa(free[0])
	// Concurrent runs use different loopback networks. The counting stores also listen on Jaeger's and Prometheus'
	// usual ports.
	network := fmt.Sprintf("127.%d.%d", 30+os.Getpid()/250%60, 1+os.Getpid()%250)
	host, counting := network+".1", network+".2"
	e.Stores = &Stores{
		host: host, kafka: "127.0.0.1:" + port,
		Jaeger: "http://" + host + ":16686", Prometheus: "http://" + host + ":9091",
		Logs: "http://" + host + ":" + logsPort,
		S3:   "http://" + counting + ":9000", Control: "http://" + counting + ":8080",
	}
	for name, content := range map[string]string{
		"jaeger.yaml": strings.ReplaceAll(jaegerConfig, "HOST", host), "prometheus.yaml": prometheusConfig,
	} {
		if err := os.WriteFile(e.path(name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	args := []string{"-host=" + counting, "-kafka-port=" + port, "-kafka-name=kafka.example.com:9092"}
	for _, text := range watch {
		args = append(args, "-watch="+text)
	}
	for _, p := range []program{
		{e.programs.backends, e.Stores.Control + "/healthz", args},
		{e.programs.jaeger, e.Stores.Jaeger + "/api/services", []string{"--config=" + e.path("jaeger.yaml")}},
		{e.programs.prometheus, e.Stores.Prometheus + "/-/ready", []string{
			"--config.file=" + e.path("prometheus.yaml"), "--storage.tsdb.path=" + e.path("prometheus"),
			"--web.listen-address=" + host + ":9091", "--web.enable-remote-write-receiver", "--web.enable-lifecycle",
			"--log.level=warn",
		}},
		e.logStore(host),
	} {
		if err := e.runStore(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// program describes a store to run, and the URL that answers when it is ready.
type program struct {
	path, ready string
	args        []string
}

func (e *Estate) runStore(ctx context.Context, p program) error {
	running, err := start(e.path(filepath.Base(p.path)+".log"), p.path, p.args...)
	if err != nil {
		return err
	}
	e.Stores.processes = append(e.Stores.processes, running)
	return running.ready(ctx, p.ready)
}

// prometheusConfig accepts late points, as docs/pipelines.md recommends.
const prometheusConfig = `
global: {scrape_interval: 5s, evaluation_interval: 5s}
storage: {tsdb: {out_of_order_time_window: 30m}}
rule_files: ["rules/*.yaml"]
`

// LoadRules loads rules into Prometheus, by file name.
func (e *Estate) LoadRules(ctx context.Context, rules map[string]string) error {
	if err := os.MkdirAll(e.path("rules"), 0o755); err != nil {
		return err
	}
	for name, text := range rules {
		if err := os.WriteFile(filepath.Join(e.path("rules"), name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return post(ctx, e.Stores.Prometheus+"/-/reload")
}

// linkStores links the central sites to the stores, which are near the primary.
func (e *Estate) linkStores() error {
	var errs []error
	_, s3, _ := strings.Cut(e.Stores.S3, "://")
	_, prometheus, _ := strings.Cut(e.Stores.Prometheus, "://")
	for _, s := range e.sites {
		if !s.Central() {
			continue
		}
		for port, target := range map[string]string{
			logsPort: e.Stores.host + ":" + logsPort,
			"4317":   e.Stores.host + ":4317", "9000": s3, "9091": prometheus, "9092": e.Stores.kafka,
		} {
			errs = append(errs, e.link(s, port, e.Primary().Place, "stores", target))
		}
	}
	return errors.Join(errs...)
}

func (s *Stores) stop() {
	for _, p := range s.processes {
		p.end()
	}
}
