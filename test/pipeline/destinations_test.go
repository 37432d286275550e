package pipeline

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// vendorSite is a central site with additional destinations, and a region that sends to it.
type vendorSite struct {
	plant  *Plant
	vendor *Vendor
	node   *Node
	region *Node
	// cloud is the chart value; empty means the default of these tests.
	cloud string
}

// newVendorSite starts a site with additional destinations: YAML with %s for the vendor's URL, and %g for its gRPC URL.
// Secrets are files by destination, or environment variables.
func newVendorSite(t *testing.T, destinations string, files map[string]string, env ...string) *vendorSite {
	t.Helper()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	s := &vendorSite{plant: p, vendor: p.StartVendor(t)}
	s.start(t, destinations, files, env...)
	return s
}

// plantCA is a placeholder for the certificate of the plant's authority in the files of a vendorSite.
const plantCA = "ca.crt"

func (s *vendorSite) start(t *testing.T, destinations string, files map[string]string, env ...string) {
	t.Helper()
	p := s.plant
	values := CentralValues(p.Direct(), 1) + "  destinations:\n" + strings.NewReplacer("%s", s.vendor.URL, "%g", s.vendor.GRPC).Replace(destinations)
	if s.cloud != "" {
		values = strings.Replace(values, "{provider: other, region: us-east-1}", s.cloud, 1)
	}
	s.node = p.node("primary", append([]string{p.Render(t, values, Central)}, testArchive()...))
	s.node.run.Env = append(append(s.node.run.Env, "DESTINATIONS_DIR="+p.dir+"/destinations", "SSL_CERT_FILE="+p.Certificates()+"/ca.crt"), env...)
	for name, text := range files {
		if text == plantCA {
			certificate, err := os.ReadFile(filepath.Join(p.Certificates(), "ca.crt"))
			if err != nil {
				t.Fatal(err)
			}
			text = string(certificate)
		}
		s.secret(t, name, text)
	}
	s.node.Start(t)
	s.region = p.Region(t, [2]string{s.node.Address + ":4318", p.Address() + ":4318"}).Start(t)
}

// secret writes a file of a destination's Secret atomically, as the kubelet does.
func (s *vendorSite) secret(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.plant.dir, "destinations", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

const vendorDestination = `
    - {name: vendor, protocol: otlp_http, endpoint: "%s/otlp", signals: [traces, logs], sampled: false, headers: {x-dataset: shop}, secretHeaders: {x-api-key: {secret: vendor, key: key}}}
`

// TestSiteStartsWithoutSecrets starts a site without the Secrets of two destinations. Other destinations must get their
// data. Data for these two waits, or is refused because of an empty header.
func TestSiteStartsWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, vendorDestination+`
    - {name: login, protocol: otlp_http, endpoint: "%s/login", signals: [traces], sampled: false, auth: {oauth2: {secret: login, tokenURL: "https://login.example.net/token"}}}
    - {name: open, protocol: otlp_http, endpoint: "%s/open", signals: [traces], sampled: false}
`, nil)
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 100, Batch: 20, Signals: []string{Traces}})
	Await(t, Patience, "data at the destination without a Secret, and a request without its header", func() bool {
		return slices.ContainsFunc(s.vendor.withData(), func(r Request) bool { return r.Path == "/open/v1/traces" }) &&
			slices.ContainsFunc(s.vendor.withData(), func(r Request) bool { return r.Path == "/otlp/v1/traces" })
	})
	Await(t, Patience, "queued data for the destination without a token", func() bool {
		return s.node.Metric("otelcol_exporter_queue_size", `exporter="otlp_failover/login"`) > 0
	})
	load.Stop()
}

// TestVendorErrors makes a vendor return each kind of error in turn. Requests must wait during temporary errors, and all of
// them must arrive. Other destinations must not be affected.
func TestVendorErrors(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, vendorDestination, nil, "DESTINATION_VENDOR__X_API_KEY=k-123")
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 200, Batch: 20})
	for _, response := range []Response{{Status: 401}, {Status: 403}, {Status: 503}, {Status: 429, RetryAfter: "2"}, {Status: 404}, {Status: 500}} {
		s.vendor.Answer(func(http.Header) Response { return response })
		before := len(s.vendor.Requests())
		Await(t, Patience, fmt.Sprintf("a request that is answered with %d", response.Status), func() bool { return len(s.vendor.Requests()) > before })
	}
	if queued := s.node.Metric("otelcol_exporter_queue_size", `exporter="otlp_failover/vendor"`); queued == 0 {
		t.Error("no queue size of the destination: TelepodBackEndFails would not fire")
	}
	s.node.Kill(t) // the queue is on disk
	s.node.Start(t)
	s.vendor.Answer(func(h http.Header) Response {
		if h.Get("x-api-key") != "k-123" || h.Get("x-dataset") != "shop" {
			return Response{Status: http.StatusUnauthorized}
		}
		return Response{}
	})
	outcomes := s.plant.Drain(t, load, append(Archives(), Place{Logs, "kafka"}), Patience)
	for _, o := range outcomes {
		t.Log(o)
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("another destination lost data: %v", o)
		}
	}
	for _, signal := range []string{Traces, Logs} {
		Await(t, Patience, signal+" at the vendor", func() bool { return s.vendor.Lost(load, signal) == 0 })
	}
	paths := map[string]bool{}
	for _, r := range s.vendor.Requests() {
		paths[r.Path] = true
	}
	if !paths["/otlp/v1/traces"] || !paths["/otlp/v1/logs"] {
		t.Errorf("requests arrived at %v", paths)
	}
}

// TestVendorRejectsLargeBatches checks that 413 is a permanent error: the batch is dropped and counted for the alert, and
// later batches are not blocked.
func TestVendorRejectsLargeBatches(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, vendorDestination, nil, "DESTINATION_VENDOR__X_API_KEY=k-123")
	refused := false
	s.vendor.Answer(func(http.Header) Response {
		if !refused {
			refused = true
			return Response{Status: http.StatusRequestEntityTooLarge}
		}
		return Response{}
	})
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 200, Batch: 20, Signals: []string{Traces}})
	Await(t, Patience, "requests after the one that was too large", func() bool { return len(s.vendor.Requests()) > 3 })
	load.Stop()
	lost := s.vendor.Requests()[0].Items
	Await(t, Patience, "all but one batch at the vendor", func() bool { return s.vendor.Lost(load, Traces) == lost })
	counted := s.node.Metric("otelcol_exporter_failover_rejected_items_total", `exporter="otlp_failover/vendor"`, `endpoint="vendor"`)
	if counted != float64(lost) {
		t.Errorf("%v items are counted as rejected, want %d", counted, lost)
	}
}

// TestSiteWaitsForRetryAfter checks that the site does not retry before the time in Retry-After.
func TestSiteWaitsForRetryAfter(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, vendorDestination, nil, "DESTINATION_VENDOR__X_API_KEY=k-123")
	s.vendor.Answer(func(http.Header) Response { return Response{Status: 429, RetryAfter: "3"} })
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 100, Batch: 20, Signals: []string{Traces}})
	Await(t, Patience, "two requests with data", func() bool { return len(s.vendor.withData()) >= 2 })
	first, second := s.vendor.withData()[0], s.vendor.withData()[1]
	if pause := second.At.Sub(first.At); pause < 3*time.Second {
		t.Errorf("tried again after %v, although Retry-After was 3 s", pause)
	}
	s.vendor.Answer(func(http.Header) Response { return Response{} })
	load.Stop()
	Await(t, Patience, "all spans at the vendor", func() bool { return s.vendor.Lost(load, Traces) == 0 })
}

func (v *Vendor) withData() []Request {
	return slices.DeleteFunc(v.Requests(), func(r Request) bool { return r.Items == 0 })
}

// TestDestinationRules routes by attribute: a team's destination gets only the team's items.
func TestDestinationRules(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - {name: team, protocol: otlp_http, endpoint: "%s", signals: [logs], rules: [{action: keep, attribute: service.name, values: [service-3, service-4]}]}
`, nil)
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 1000, Batch: 50, Signals: []string{Logs}})
	Await(t, Patience, "2,400 records", func() bool { return load.Acked(Logs) > 2400 })
	for _, o := range s.plant.Drain(t, load, []Place{{Logs, "s3"}}, Patience) {
		if o.Lost > 0 {
			t.Errorf("the archive does not have everything: %v", o)
		}
	}
	// sender selects the service by the first number of a request of 50.
	want := func(n uint64) bool { first := (n-1)/50*50 + 1; return first/100%12 == 3 || first/100%12 == 4 }
	missing := func() int {
		s.vendor.mu.Lock()
		defer s.vendor.mu.Unlock()
		load.mu.Lock()
		defer load.mu.Unlock()
		n := 0
		for _, seq := range load.acked[Logs] {
			if want(seq) && s.vendor.arrived[Logs][seq] == 0 {
				n++
			}
			if !want(seq) && s.vendor.arrived[Logs][seq] > 0 {
				t.Fatalf("record %d of another team arrived", seq)
			}
		}
		return n
	}
	Await(t, Patience, "the team's records", func() bool { return missing() == 0 })
}

// TestOverflowOfSpanMetrics checks that the series for spans beyond the limit names its cluster, service and replica, like
// every other series.
func TestOverflowOfSpanMetrics(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - {name: vendor, protocol: otlp_http, endpoint: "%s", signals: [metrics], siteMetrics: true}
  spanMetrics: {maxSeriesPerService: 1}
`, nil)
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 500, Batch: 50, Signals: []string{Traces}})
	Await(t, Patience, "the series of spans beyond the limit", func() bool {
		return s.vendor.Has(Received{Name: "calls", Point: map[string]string{"otel.metric.overflow": "true"}})
	})
	load.Stop()
	if !s.vendor.Has(Received{Name: "calls", Point: map[string]string{"otel.metric.overflow": "true", "collector": "primary",
		"service.name": "service-1", "cloud.region": "us-east-1", "k8s.cluster.name": "test", "k8s.namespace.name": "shop"}}) {
		t.Error("the series does not name its cluster, service and replica")
	}
}
