package monitoring_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/pipeline"
)

const (
	// services is the number of services that send a span each in two clusters: more than upstream counts by default.
	services = 520
	// names is the number of span names of one service, above the sites' limit of series for a service.
	names      = 300
	namesLimit = 200
	// old is the number of traces with the attribute of old SDKs for the status of a response.
	old = 20
	// firstNumber is a span id that no load reaches.
	firstNumber = 1 << 40
)

// testCounts sends spans and delta metrics of known numbers through two regions, and reads them back from Prometheus.
// Nothing else may be sending.
func testCounts(t *testing.T, plant *pipeline.Plant, prometheus string, regions, sites []*pipeline.Node) {
	t.Helper()
	value := func(query string) float64 { return instant(t, prometheus, query) }
	accepted := func() (spans float64) {
		for _, site := range sites {
			spans += site.Accepted(pipeline.Traces)
		}
		return spans
	}
	before := accepted()
	sent := sendCounted(t, regions)
	const counted = `traces_span_metrics_calls_total{service_name=~"many-.+|greedy|old"}`
	// A region that switches sites may resend a batch. The site counts it again, and so do the span metrics.
	pipeline.Await(t, 3*time.Minute, "span metrics of every span that the sites accepted", func() bool {
		arrived := accepted() - before
		return arrived >= float64(sent) && value("sum("+counted+")") == arrived
	})
	for what, c := range map[string]struct {
		query     string
		low, high float64
	}{
		"services by cluster":                {`count(count by (k8s_cluster_name, service_name) (traces_span_metrics_calls_total{service_name=~"many-.+"}))`, 2 * services, 2 * services},
		"series of a service with many":      {`max(count by (collector) (traces_span_metrics_calls_total{service_name="greedy"}))`, namesLimit, namesLimit + 1},
		"spans above its limit":              {`sum(traces_span_metrics_calls_total{service_name="greedy", otel_metric_overflow="true"})`, names - namesLimit, names},
		"spans of an old SDK that failed":    {`sum(traces_span_metrics_calls_total{service_name="old", http_status_code="500"})`, old, 2 * old},
		"a delta counter":                    {`delta_orders_total`, 7, 7},
		"the count of a delta histogram":     {`delta_latency_seconds_count`, 5, 5},
		"the first bucket of this histogram": {`delta_latency_seconds_bucket{le=~"1(.0)?"}`, 3, 3},
	} {
		if got := value(c.query); got < c.low || got > c.high {
			t.Errorf("%s: %s is %v, want %v to %v", what, c.query, got, c.low, c.high)
		}
	}
	testExemplar(t, plant, prometheus)
}

// testExemplar follows an exemplar of a histogram to its trace in Jaeger, which has every trace with an error.
func testExemplar(t *testing.T, plant *pipeline.Plant, prometheus string) {
	t.Helper()
	var found []struct {
		Exemplars []struct{ Labels map[string]string }
	}
	now := time.Now()
	form := url.Values{"query": {`traces_span_metrics_duration_seconds_bucket{service_name=~"many-.+"}`},
		"start": {strconv.FormatInt(now.Add(-time.Hour).Unix(), 10)}, "end": {strconv.FormatInt(now.Add(time.Minute).Unix(), 10)}}
	get(t, prometheus+"/api/v1/query_exemplars?"+form.Encode(), &found)
	if len(found) == 0 || len(found[0].Exemplars) == 0 {
		t.Fatalf("no exemplars of the histograms: %v", found)
	}
	labels := found[0].Exemplars[0].Labels
	// The traces here have the same id as their only span.
	number, err := strconv.ParseUint(labels["trace_id"], 16, 64)
	if err != nil || number < firstNumber {
		t.Fatalf("an exemplar has the labels %v, want the id of a trace that was sent", labels)
	}
	pipeline.Await(t, pipeline.Patience, fmt.Sprintf("the trace %s of an exemplar in Jaeger", labels["trace_id"]), func() bool {
		return plant.Tally(t, "otlp", pipeline.Traces)[number] > 0
	})
	// Neither regions nor sites may drop traces with a response of 500, even if the attribute has its old name.
	pipeline.Await(t, pipeline.Patience, "every trace with http.status_code 500 in Jaeger", func() bool {
		arrived := plant.Tally(t, "otlp", pipeline.Traces)
		for n := range uint64(old) {
			if arrived[firstNumber+n] == 0 {
				return false
			}
		}
		return true
	})
}

// sendCounted returns how many spans it sent. The numbers of the old SDK's spans come first.
func sendCounted(t *testing.T, regions []*pipeline.Node) (sent int) {
	t.Helper()
	one := func(service, name, more string) string {
		now, number := time.Now().UnixNano(), firstNumber+sent
		sent++
		return fmt.Sprintf(`{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": %q}}]}, "scopeSpans": [{"spans": [{
			"traceId": "%032x", "spanId": "%016x", "name": %q, "startTimeUnixNano": "%d", "endTimeUnixNano": "%d", %s}]}]}`,
			service, number, number, name, now-2_000_000, now, more)
	}
	const failed = `"status": {"code": 2}` // sampling in regions keeps it
	var all []string
	for range old {
		all = append(all, one("old", "GET /old", `"attributes": [{"key": "http.status_code", "value": {"intValue": "500"}}]`))
	}
	for n := range names {
		all = append(all, one("greedy", "GET /"+word(n), failed))
	}
	sendOTLP(t, regions[0], pipeline.Traces, `{"resourceSpans": [`+strings.Join(all, ",")+`]}`)
	for _, region := range regions[:2] {
		all = nil
		for n := range services {
			all = append(all, one(fmt.Sprintf("many-%d", n), "GET /", failed))
		}
		sendOTLP(t, region, pipeline.Traces, `{"resourceSpans": [`+strings.Join(all, ",")+`]}`)
	}
	// Prometheus keeps cumulative series only.
	start := time.Now().Add(-time.Minute).UnixNano()
	for i, of := range []struct {
		orders, low, high int
	}{{3, 1, 1}, {4, 2, 1}} {
		from, to := start+int64(i)*int64(time.Second), start+int64(i+1)*int64(time.Second)
		sendOTLP(t, regions[0], pipeline.Metrics, fmt.Sprintf(`{"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "delta"}}]}, "scopeMetrics": [{"metrics": [
			{"name": "delta_orders", "sum": {"aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [{"startTimeUnixNano": "%[1]d", "timeUnixNano": "%[2]d", "asInt": "%[3]d"}]}},
			{"name": "delta_latency", "unit": "s", "histogram": {"aggregationTemporality": 1, "dataPoints": [{"startTimeUnixNano": "%[1]d", "timeUnixNano": "%[2]d",
				"count": "%[6]d", "sum": 1, "explicitBounds": [1], "bucketCounts": ["%[4]d", "%[5]d"]}]}}]}]}]}`, from, to, of.orders, of.low, of.high, of.low+of.high))
	}
	return sent
}

// word returns a path that does not look like an identifier. Sites replace identifiers in span names.
func word(n int) string {
	return strings.Map(func(digit rune) rune { return digit - '0' + 'g' }, strconv.Itoa(n))
}

// sendOTLP sends a request as JSON, which a region must accept.
func sendOTLP(t *testing.T, region *pipeline.Node, signal, body string) {
	t.Helper()
	response, err := http.Post("http://"+region.Address+":4318/v1/"+signal, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("sending %s: status %s, want 200", signal, response.Status)
	}
}
