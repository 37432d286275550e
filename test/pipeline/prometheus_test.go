package pipeline

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// metricsSite is a region that sends metrics to a site. The site retries writes to Prometheus for only a second.
type metricsSite struct {
	plant   *Plant
	central *Node
	load    *Sender
}

func newMetricsSite(t *testing.T, prometheus func(*Plant) (address string)) metricsSite {
	t.Helper()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	s := metricsSite{plant: NewPlant(t)}
	stores := s.plant.Direct()
	stores.RemoteWrite = prometheus(s.plant)
	s.central = s.plant.Central(t, "primary", stores)
	s.central.run.Configs = append(s.central.run.Configs, "yaml:connectors::spool/prometheus::timeout: 1s")
	s.central.Start(t)
	region := s.plant.Region(t, [2]string{s.central.Address + ":4318", s.plant.Address() + ":4318"}).Start(t)
	s.load = SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 200, Batch: 10, Signals: []string{Metrics}})
	return s
}

// TestPrometheusDown stops Prometheus for longer than the retries, and kills the site meanwhile: metrics must wait on the
// site's disk.
func TestPrometheusDown(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*Link){"connections refused": (*Link).Cut, "no answer": (*Link).Swallow} {
		t.Run(name, func(t *testing.T) {
			var link *Link
			s := newMetricsSite(t, func(p *Plant) string {
				link = p.Link(t, p.Host, "9090")
				return link.Address
			})
			Await(t, Patience, "metrics in Prometheus", func() bool { return len(s.plant.Tally(t, "remotewrite", Metrics)) > 0 })
			away(link)
			Await(t, Patience, "a failed write in the log", func() bool {
				return strings.Contains(s.central.Log(), "Exporting failed. The queue keeps the data")
			})
			s.central.Kill(t)
			s.central.Start(t)
			link.Cut()
			link.Restore(t)
			for _, o := range s.plant.Drain(t, s.load, []Place{{Metrics, "remotewrite"}}, Patience) {
				if o.Lost > 0 || o.Acked == 0 {
					t.Errorf("%v", o)
				}
			}
		})
	}
}

// TestPrometheusRejectsSamples checks that samples which Prometheus rejects permanently are dropped, and do not block later
// ones.
func TestPrometheusRejectsSamples(t *testing.T) {
	t.Parallel()
	var refused, written atomic.Int64
	s := newMetricsSite(t, func(p *Plant) string {
		pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.Direct().RemoteWrite})
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refused.CompareAndSwap(0, 1) {
				http.Error(w, "out of bounds", http.StatusBadRequest)
				return
			}
			pass.ServeHTTP(w, r)
			written.Add(1)
		}))
		t.Cleanup(front.Close)
		return strings.TrimPrefix(front.URL, "http://")
	})
	Await(t, Patience, "writes after the one that was refused", func() bool { return written.Load() > 3 })
	if !strings.Contains(s.central.Log(), "Exporting failed. Dropping data.") {
		t.Error("the site does not log that it dropped data")
	}
	if n := s.central.Metric("otelcol_exporter_send_failed_metric_points_total", `exporter="spool/prometheus"`); n == 0 {
		t.Error("the site does not count what it dropped")
	}
}
