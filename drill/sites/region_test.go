package sites

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/drill"
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

// TestSendReturnsReason: the error contains the Collector's message, which the proxy forwards.
func TestSendReturnsReason(t *testing.T) {
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
