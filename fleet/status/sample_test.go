package status_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/fleet/metrics"
	"github.com/telepod/telepod/fleet/status"
)

var now = time.Date(2026, time.November, 26, 12, 0, 0, 0, time.UTC)

// collector is a regional Collector that has received spans, and sends all signals to a site.
type collector struct {
	received int
	site     string
	since    time.Duration // before now
	switched bool
	down     string // a site that it cannot reach; "all": no site
	queue    int    // bytes of spans, of 1,000,000
	silent   bool
}

func (c collector) instance(t *testing.T, name string) fleet.Instance {
	t.Helper()
	i := fleet.Instance{Pod: name, Node: "n", Ready: true}
	if c.silent {
		i.MetricsErr = errors.New("pod " + name + ": no answer")
		return i
	}
	var b strings.Builder
	one := func(yes bool) int {
		if yes {
			return 1
		}
		return 0
	}
	b.WriteString("otelcol_process_uptime_seconds_total{} 7200\n")
	since := float64(now.Add(-c.since).Unix())
	for _, signal := range []string{"logs", "traces"} {
		for _, site := range []string{"backup", "primary"} {
			fmt.Fprintf(&b, "otelcol_exporter_failover_active{exporter=\"otlp_failover\",signal=%q,endpoint=%q} %d\n", signal, site, one(site == c.site))
		}
	}
	for _, site := range []string{"backup", "primary"} {
		fmt.Fprintf(&b, "otelcol_exporter_failover_endpoint_up{signal=\"traces\",endpoint=%q} %d\n", site, one(site != c.down && c.down != "all"))
	}
	for _, signal := range []string{"logs", "traces"} {
		fmt.Fprintf(&b, "otelcol_exporter_failover_active_since_seconds{signal=%q} %v\n", signal, since)
	}
	if c.switched {
		fmt.Fprintf(&b, "otelcol_exporter_failover_switches_total{signal=\"traces\",from=\"primary\",to=\"backup\"} 1\n")
	}
	fmt.Fprintf(&b, "otelcol_exporter_failover_delivered_items_total{signal=\"traces\",endpoint=%q} %d\n", c.site, c.received)
	fmt.Fprintf(&b, "otelcol_exporter_queue_size{exporter=\"otlp_failover\",data_type=\"traces\"} %d\n", c.queue)
	fmt.Fprintf(&b, "otelcol_exporter_queue_size{exporter=\"awss3/logs\",data_type=\"logs\"} 999999\n")
	fmt.Fprintf(&b, "otelcol_exporter_queue_capacity{exporter=\"otlp_failover\",data_type=\"traces\"} 1000000\n")
	for _, signal := range []string{"logs", "traces"} {
		fmt.Fprintf(&b, "otelcol_receiver_produced_items_total{otel_scope_otelcol_signal=%q,otelcol_component_outcome=\"success\"} %d\n", signal, c.received)
	}
	fmt.Fprintf(&b, "otelcol_receiver_produced_size_total{otel_scope_otelcol_signal=\"traces\",otelcol_component_outcome=\"success\"} %d\n", 500*c.received)
	fmt.Fprintf(&b, "otelcol_certificate_expiry_timestamp_seconds{file=\"/tls/tls.crt\"} %d\n", now.Add(60*24*time.Hour).Unix())
	i.Metrics = read(t, b.String())
	return i
}

func read(t *testing.T, text string) metrics.Set {
	t.Helper()
	// A metric is one family, wherever its lines are.
	set, err := metrics.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// scrape returns a reading of Collectors at a time; each has received more spans than its sample by that number.
func scrape(t *testing.T, at time.Time, more int, collectors ...collector) status.Scrape {
	t.Helper()
	l := status.Scrape{At: at}
	for i, c := range collectors {
		c.received += more
		l.Collectors = append(l.Collectors, c.instance(t, fmt.Sprint("collector-", i)))
	}
	return l
}

func workloads(ready, wanted int) checks.Answer[[]checks.Workload] {
	return checks.Answer[[]checks.Workload]{Value: []checks.Workload{{Kind: "Deployment", Name: "w", Desired: wanted, Ready: ready}}}
}

func injector(t *testing.T, expires time.Duration) checks.Answer[[]fleet.Instance] {
	t.Helper()
	return checks.Answer[[]fleet.Instance]{Value: []fleet.Instance{{Pod: "injector", Ready: true,
		Metrics: read(t, fmt.Sprintf("telepod_certificate_expiry_timestamp_seconds %d\n", now.Add(expires).Unix()))}}}
}

// healthy returns a cluster without problems: two Collectors that send a hundred spans per second each to the primary site,
// which is in the same cluster.
func healthy(t *testing.T) status.Reading {
	t.Helper()
	both := []collector{{site: "primary", since: 50 * time.Hour, received: 1000}, {site: "primary", since: time.Hour, received: 70, queue: 2000}}
	return status.Reading{
		Context: "eks-use1", Place: status.Place{Cluster: "prod-use1", Cloud: "aws", Region: "us-east-1"},
		Injector: workloads(2, 2), Collectors: workloads(2, 2), Central: workloads(1, 1),
		Pods:      checks.Answer[status.Pods]{Value: status.Pods{Injected: 412, OptedIn: 412}},
		Injectors: injector(t, 80*24*time.Hour),
		Sites: checks.Answer[[]fleet.Instance]{Value: []fleet.Instance{{Pod: "central-0", Ready: true,
			Metrics: read(t, `otelcol_process_uptime_seconds_total{telepod_central_site="primary"} 5`+"\n")}}},
		Earlier: scrape(t, now.Add(-2*time.Second), 0, both...), Later: scrape(t, now, 200, both...),
		Months: months(),
	}
}

func months() *checks.Answer[map[string]cost.Month] {
	part := 0.4
	return &checks.Answer[map[string]cost.Month]{Value: map[string]cost.Month{"prod-use1": {Dollars: 1234.5}, "prod-euw1": {Dollars: 12.3, Measured: &part}}}
}

// estate returns a healthy cluster, one for which the primary is down, and one that does not answer.
func estate(t *testing.T) []status.Reading {
	t.Helper()
	moved := []collector{{site: "backup", since: 4 * time.Minute, switched: true, down: "primary", received: 100, queue: 720_000},
		{site: "backup", since: 3 * time.Minute, switched: true, down: "primary", received: 100}, {silent: true}}
	gke := status.Reading{
		Context: "gke-euw1", Place: status.Place{Cluster: "prod-euw1", Cloud: "gcp", Region: "europe-west1"},
		Injector: workloads(1, 2), Collectors: workloads(3, 3), Central: workloads(2, 2),
		Pods:      checks.Answer[status.Pods]{Value: status.Pods{Injected: 80, OptedIn: 95, Bare: 12, Stale: 30, Refused: 3}},
		Injectors: injector(t, 3*24*time.Hour),
		Sites: checks.Answer[[]fleet.Instance]{Value: []fleet.Instance{{Pod: "central-0", Ready: true,
			Metrics: read(t, `otelcol_process_uptime_seconds_total{telepod_central_site="backup"} 5`+"\n")}}},
		Earlier: scrape(t, now.Add(-2*time.Second), 0, moved...), Later: scrape(t, now, 2500, moved...),
		Months: months(),
	}
	aks := status.Reading{Context: "aks-eastasia", Err: errors.New("ask the API server for its version: dial tcp 10.1.2.3:443: i/o timeout")}
	return []status.Reading{healthy(t), gke, aks}
}

func rows(t *testing.T) []status.Row {
	t.Helper()
	return status.Rows(estate(t), now)
}
