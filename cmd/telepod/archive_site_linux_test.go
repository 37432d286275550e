//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/otlp"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/pipeline"
)

// TestMain runs the command line instead of the tests if a test starts it as a separate process, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv(envRunsCommand) != "" {
		os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
	}
	os.Exit(m.Run())
}

const envRunsCommand = "TELEPOD_TEST_RUNS_COMMAND"

// The content of the archive: in each round, each service of each region sends spans and log records.
const (
	rounds   = 6
	perRound = 50
)

func origins() []archive.Source {
	return []archive.Source{
		{Folder: archive.Folder{Cloud: "aws", Region: "us-east-1"}, Service: "orders"},
		{Folder: archive.Folder{Cloud: "gcp", Region: "europe-west1"}, Service: "product"},
		{Folder: archive.Folder{Cloud: "gcp", Region: "europe-west1"}, Service: "stock"},
		{Folder: archive.Folder{Cloud: "azure", Region: "westeurope"}, Service: "pay"},
	}
}

// site is a region and a central site of the chart, with objects in the archive.
type site struct {
	plant *pipeline.Plant
	s3    string // host:port
	site  *pipeline.Node
	spans map[string]string // each span's name, with its cloud
}

// newSite starts real Collectors, which write an archive.
func newSite(t *testing.T) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	p := pipeline.NewPlant(t)
	s := &site{plant: p, s3: p.Backends.Direct().S3, spans: map[string]string{}}
	s.site = p.Central(t, "primary", p.Backends.Direct()).Start(t)
	unused := p.Address()
	// One Collector stands for those of all clouds, so it does not overwrite the senders' attributes.
	region := p.Region(t, [2]string{net.JoinHostPort(s.site.Address, "4318"), net.JoinHostPort(unused, "4318")},
		"yaml:processors::resource/cloud::attributes: [{key: k8s.cluster.name, value: test, action: upsert}]").Start(t)
	to, err := otlp.New(otlp.Options{Endpoint: "http://" + net.JoinHostPort(region.Address, "4317"), Protocol: otlp.GRPC, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for round := range rounds {
		for _, o := range origins() {
			for _, request := range s.requests(t, o, round) {
				if _, err := to.Send(t.Context(), request); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Each round is archived in separate objects.
		pipeline.Await(t, pipeline.Patience, "the archive to contain all data", func() bool {
			return s.items(t) == int64(round+1)*perRound*int64(len(origins()))*2
		})
	}
	return s
}

// requests returns the requests that a service sends in a round.
func (s *site) requests(t *testing.T, o archive.Source, round int) []archive.Request {
	t.Helper()
	text := func(key, value string) *common.KeyValue {
		return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
	}
	resource := &resourcepb.Resource{Attributes: []*common.KeyValue{
		text("service.name", o.Service), text("cloud.provider", o.Cloud), text("cloud.region", o.Region),
	}}
	spans, records := &tracepb.ScopeSpans{}, &logspb.ScopeLogs{}
	for i := range perRound {
		name := fmt.Sprintf("%s-%d-%d", o.Service, round, i)
		s.spans[name] = o.Cloud
		id := []byte(fmt.Sprintf("%-16s", fmt.Sprintf("%.4s%d-%d", o.Service, round, i)))
		spans.Spans = append(spans.Spans, &tracepb.Span{Name: name, TraceId: id, SpanId: id[:8],
			StartTimeUnixNano: uint64(time.Now().UnixNano()), EndTimeUnixNano: uint64(time.Now().UnixNano())})
		records.LogRecords = append(records.LogRecords, &logspb.LogRecord{Body: text("", name).Value, TimeUnixNano: uint64(time.Now().UnixNano())})
	}
	encode := func(signal archive.Signal, m proto.Message) archive.Request {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return archive.Request{Signal: signal, Data: data, Items: perRound}
	}
	return []archive.Request{
		encode(archive.Traces, &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{Resource: resource, ScopeSpans: []*tracepb.ScopeSpans{spans}}}}),
		encode(archive.Logs, &collogs.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{Resource: resource, ScopeLogs: []*logspb.ScopeLogs{records}}}}),
	}
}

// args returns a command line for the site's archive.
func (s *site) args(command string, flags ...string) []string {
	return append([]string{"archive", command, "--bucket", "archive", "--bucket-endpoint", "http://" + s.s3}, flags...)
}

// telepod runs a command line for the archive, and returns its exit code and outputs.
func (s *site) telepod(command string, flags ...string) (code int, out, stderr string) {
	var o, e bytes.Buffer
	code = run(s.args(command, flags...), streams{strings.NewReader(""), &o, &e})
	return code, o.String(), e.String()
}

// counted returns the result of telepod archive count.
func (s *site) counted(t *testing.T, flags ...string) map[archive.Source]archive.Amount {
	t.Helper()
	code, out, stderr := s.telepod("count", append(flags, "-o", "json")...)
	var rows []tallied
	if err := json.Unmarshal([]byte(out), &rows); err != nil || code != exitOK {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, stderr)
	}
	counts := map[archive.Source]archive.Amount{}
	for _, r := range rows {
		counts[r.Source] = r.Amount
	}
	return counts
}

func (s *site) items(t *testing.T) int64 {
	t.Helper()
	sum := int64(0)
	for _, a := range s.counted(t) {
		sum += a.Items
	}
	return sum
}

// sink is a Collector that stores the data that it receives.
type sink struct {
	*collector.Process
	address string
	file    string
}

func (s *site) sink(t *testing.T) *sink {
	t.Helper()
	program, err := collector.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k := &sink{address: s.plant.Address(), file: filepath.Join(t.TempDir(), "sink.json")}
	k.Process = collector.Start(t, collector.Run{
		Program: program, Configs: []string{"env:SINK_CONFIG"}, Health: "http://" + net.JoinHostPort(k.address, "13133"),
		Env: []string{"SINK_CONFIG=" + collector.SinkConfig(), "SINK_FILE=" + k.file, "SINK_HOST=" + k.address},
	})
	return k
}

func (k *sink) url(port string) string { return "http://" + net.JoinHostPort(k.address, port) }

// spans stops the sink, and returns how often each span arrived. Each must be unchanged.
func (k *sink) spans(t *testing.T, sent map[string]string) map[string]int {
	t.Helper()
	k.Stop(t)
	file, err := os.Open(k.file)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	items, err := collector.ReadItems(file)
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, item := range items {
		if item.Signal != collector.Span {
			continue
		}
		times[item.Name]++
		_, filed := item.Resource["telemetry.archive.prefix"]
		if cloud := sent[item.Name]; item.Resource["cloud.provider"] != cloud || filed {
			t.Errorf("span %s of %s arrived with the resource %v", item.Name, cloud, item.Resource)
		}
		if item.Resource[archive.ReplayAttribute] == "" {
			t.Errorf("span %s is not marked as replayed", item.Name)
		}
	}
	return times
}

// once returns each span of a cloud, or of all clouds, once.
func (s *site) once(cloud string) map[string]int {
	all := map[string]int{}
	for name, of := range s.spans {
		if cloud == "" || of == cloud {
			all[name] = 1
		}
	}
	return all
}

// watched is an output that signals when it contains a text.
type watched struct {
	text string
	seen chan struct{} // closed when the text was written

	mu   sync.Mutex
	buf  bytes.Buffer
	once sync.Once
}

func newWatched(text string) *watched {
	return &watched{text: text, seen: make(chan struct{})}
}

func (w *watched) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(data)
	if strings.Contains(w.buf.String(), w.text) {
		w.once.Do(func() { close(w.seen) })
	}
	return len(data), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
