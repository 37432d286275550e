package sites

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/archive/bucket"
	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/drill/canary"
	"github.com/telepod/telepod/test/pipeline"
)

func TestCollectorsListsReadyPods(t *testing.T) {
	leaving := pod("c-leaving", true)
	leaving.DeletionTimestamp = &meta.Time{Time: time.Now()}
	listed := podList(pod("c-2", true), pod("c-1", true), pod("c-0", false), leaving)
	a := &api{objects: map[string]any{podsPath: listed}}
	for most, want := range map[int][]string{0: {"c-1", "c-2"}, 1: {"c-1"}, 5: {"c-1", "c-2"}} {
		got, err := Region{Cluster: a.cluster(t), Most: most}.Collectors(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("at most %d: %v, %v, want %v", most, got, err, want)
		}
	}
}

// TestRefusalSaysWhy: the proxy passes on the Collector's error message.
func TestRefusalSaysWhy(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "sending queue is full", http.StatusServiceUnavailable)
	}))
	defer collector.Close()
	a := &api{pods: map[string]string{"c:4318": strings.TrimPrefix(collector.URL, "http://")}}
	region := Region{Cluster: a.cluster(t)}
	err := region.Send(t.Context(), "d1", []drill.Canary{{Collector: drill.Collector{Region: "test", Name: "c"}}})
	if err == nil || !strings.Contains(err.Error(), "send canaries: ") || !strings.Contains(err.Error(), "sending queue is full") {
		t.Errorf("error %v, want it to contain the Collector's reason", err)
	}
	if _, err := region.Sample(t.Context(), "gone"); err == nil || !strings.Contains(err.Error(), "no endpoints available") {
		t.Errorf("error %v, want it to contain the API server's reason", err)
	}
}

func TestReadMetrics(t *testing.T) {
	got := readMetrics([]byte(`# HELP otelcol_exporter_failover_delivered_items_total Items in batches that an endpoint accepted
otelcol_exporter_failover_delivered_items_total{cloud_region="a} b",endpoint="primary",exporter="otlp_failover",signal="traces"} 1.5e+03
otelcol_exporter_failover_delivered_items_total{endpoint="backup",exporter="otlp_failover",signal="traces"} 7
otelcol_exporter_failover_delivered_items_total{endpoint="backup",exporter="otlp_failover",signal="metrics"} 5
otelcol_exporter_failover_delivered_items_total{endpoint="primary",exporter="otlp_failover/another",signal="traces"} 99
otelcol_exporter_failover_requests_total{endpoint="primary",exporter="otlp_failover",outcome="delivered",signal="traces"} 40
otelcol_exporter_failover_requests_total{endpoint="primary",exporter="otlp_failover",outcome="rejected",signal="traces"} 20
otelcol_exporter_failover_requests_total{endpoint="primary",exporter="otlp_failover",outcome="hung",signal="traces"} 2
otelcol_exporter_failover_requests_total{endpoint="primary",exporter="otlp_failover",outcome="unreachable",signal="logs"} 1
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_failover"} 10
otelcol_exporter_queue_size{data_type="logs",exporter="otlp_failover"} 5
otelcol_exporter_queue_size{data_type="logs",exporter="googlecloud"} 50
otelcol_exporter_failover_delivered_items_total{endpoint="primary",exporter="otlp_failover"
up 1
`))
	want := drill.Sample{
		Sent:   map[drill.Site]float64{drill.Primary: 1500, drill.Backup: 7},
		Failed: map[drill.Site]float64{drill.Primary: 3}, Queued: 15,
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("sample (-want +got):\n%s", difference)
	}
}

// TestDrillOnCollectors fails a real primary while canaries go through a real regional Collector, and finds all
// of them in the archive of two real sites.
func TestDrillOnCollectors(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	plant := pipeline.NewPlant(t)
	primary := plant.Central(t, "primary", plant.Direct()).Start(t)
	backup := plant.Central(t, "backup", plant.Direct()).Start(t)
	region := plant.Region(t, [2]string{primary.Address + ":4318", backup.Address + ":4318"}).Start(t)
	server := &api{
		objects: map[string]any{podsPath: podList(pod("telepod-collector-x", true))},
		pods: map[string]string{
			"telepod-collector-x:4318": region.Address + ":4318",
			"telepod-collector-x:8888": region.Address + ":8888",
		},
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	store, err := bucket.Open(t.Context(), bucket.Location{Name: "archive", Endpoint: "http://" + plant.Direct().S3})
	if err != nil {
		t.Fatal(err)
	}
	site := &process{t: t, node: primary}
	estate := drill.Estate{
		Regions: []drill.Region{Region{Cluster: server.cluster(t)}},
		Primary: site, Backup: site, Guard: site, Archive: canary.NewArchives(time.Now(), store),
	}
	plan := drill.Plan{
		ID: "test", Method: drill.Kill, Baseline: 2 * time.Second, Duration: 3 * time.Second, GiveUp: 30 * time.Second,
		ReturnWithin: time.Minute, Settle: time.Minute, Interval: 200 * time.Millisecond, Rate: 50,
		// Durations depend on this machine.
		Limits: drill.Limits{FailOver: 30 * time.Second, Return: 30 * time.Second, Lost: 0, Duplicated: -1},
	}
	report, err := drill.Run(t.Context(), estate, plan, func(e drill.Event) { t.Log(e.Text) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("failed over in %s, returned in %s, %+v", report.Times.FailOver, report.Times.Return, report.Canaries)
	if report.Verdict != drill.Passed || report.Canaries.Stored == 0 {
		t.Errorf("verdict %s: %+v", report.Verdict, report.Checks)
	}
	sample, err := estate.Regions[0].Sample(t.Context(), "telepod-collector-x")
	if err != nil {
		t.Fatal(err)
	}
	if sample.Sent[drill.Backup] == 0 || sample.Failed[drill.Primary] == 0 {
		t.Errorf("the Collector's metrics show %v sent and %v failed, want both at the sites of the drill", sample.Sent, sample.Failed)
	}
	if report.Regions[0].Collectors[0].MostQueuedBytes == 0 {
		t.Errorf("%s was never above zero, although every canary passes through the queue", queueSize)
	}
}

// process is a central site consisting of one process.
type process struct {
	t    *testing.T
	node *pipeline.Node
}

func (p *process) Fail(context.Context) error {
	p.node.Kill(p.t)
	return nil
}

func (p *process) Restore(context.Context) error {
	p.node.Start(p.t)
	return nil
}

func (*process) Hold(context.Context) error          { return nil }
func (*process) Ready(context.Context) (bool, error) { return true, nil }
func (*process) Healthy(context.Context) error       { return nil }
func (*process) Acquire(context.Context) error       { return nil }
func (*process) Release(context.Context) error       { return nil }
