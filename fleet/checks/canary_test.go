package checks_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/metrics"
)

// TestArrived: only counters that grew since a first reading prove an arrival.
func TestArrived(t *testing.T) {
	reading := func(primary, backup int) fleet.Instance {
		const delivered = `otelcol_exporter_failover_delivered_items_total{signal="traces",endpoint="%s"} %d`
		return fleet.Instance{Metrics: set(t, fmt.Sprintf(delivered+"; "+delivered, "primary", primary, "backup", backup))}
	}
	silent := fleet.Instance{MetricsErr: errors.New("timeout")}
	for _, test := range []struct {
		name          string
		before, after fleet.Instance
		want          string
		unknown       bool
	}{
		{"nothing", reading(5, 7), reading(5, 7), "", false},
		{"primary", reading(5, 7), reading(6, 7), "primary", false},
		{"backup", reading(5, 7), reading(5, 9), "backup", false},
		{"both, more at the backup", reading(5, 7), reading(6, 9), "backup", false},
		{"both", reading(5, 7), reading(6, 8), "primary", false},
		{"restarted in between", reading(500, 0), reading(1, 0), "primary", false},
		{"no first reading", silent, reading(5, 7), "", true},
		{"no second reading", reading(5, 7), silent, "", true},
	} {
		for range 5 {
			if got, err := checks.Arrived(test.before, test.after); got != test.want || (err != nil) != test.unknown {
				t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
			}
		}
	}
}

// TestDeliveries: Collectors of a site that were read only once prove nothing.
func TestDeliveries(t *testing.T) {
	reading := func(pod string, sent, queued int) fleet.Instance {
		return fleet.Instance{Pod: pod, Metrics: set(t, fmt.Sprintf(`otelcol_exporter_sent_spans_total{exporter="e"} %d; otelcol_exporter_queue_capacity{exporter="e",data_type="traces"} 9; otelcol_exporter_queue_size{exporter="e",data_type="traces"} %d`, sent, queued))}
	}
	silent := func(pod string) fleet.Instance { return fleet.Instance{Pod: pod, MetricsErr: errors.New("timeout")} }
	for _, test := range []struct {
		name          string
		before, after []fleet.Instance
		want          []checks.Delivery
		read          int
	}{
		{"delivered", []fleet.Instance{reading("a", 5, 0), reading("b", 5, 0)}, []fleet.Instance{reading("a", 5, 0), reading("b", 6, 0)}, []checks.Delivery{{Exporter: "e", Delivered: true}}, 2},
		{"waits", []fleet.Instance{reading("a", 5, 0)}, []fleet.Instance{reading("a", 5, 1)}, []checks.Delivery{{Exporter: "e", Waits: true}}, 1},
		{"the first reading of one failed", []fleet.Instance{silent("a"), reading("b", 5, 0)}, []fleet.Instance{reading("a", 500, 1), reading("b", 5, 0)}, []checks.Delivery{{Exporter: "e"}}, 1},
		{"the second reading of one failed", []fleet.Instance{reading("a", 5, 0), reading("b", 5, 0)}, []fleet.Instance{reading("a", 6, 0), silent("b")}, []checks.Delivery{{Exporter: "e", Delivered: true}}, 1},
		{"a new Collector", []fleet.Instance{reading("a", 5, 0)}, []fleet.Instance{reading("a", 5, 0), reading("b", 9, 0)}, []checks.Delivery{{Exporter: "e"}}, 1},
		{"no pair", []fleet.Instance{silent("a"), reading("b", 5, 0)}, []fleet.Instance{reading("a", 5, 0), silent("b")}, nil, 0},
		{"none", nil, nil, nil, 0},
	} {
		got, read, err := checks.Deliveries(test.before, test.after)
		if !slices.Equal(got, test.want) || read != test.read || (err == nil) != (test.want != nil) {
			t.Errorf("%s: %+v of %d, %v; want %+v of %d", test.name, got, read, err, test.want, test.read)
		}
	}
}

// TestCanaryRefused: the reason is in the Collector's metrics and log, not in its response.
func TestCanaryRefused(t *testing.T) {
	reading := func(denied, delivered int) metrics.Set {
		const requests = `otelcol_exporter_failover_requests_total{signal="traces",endpoint="backup",outcome="%s"} %d`
		return set(t, fmt.Sprintf(requests+"; "+requests, "denied", denied, "delivered", delivered))
	}
	const log = `warn An endpoint did not accept a canary {"endpoint": "backup", "reason": "denied", "cause": "HTTP 403: who are you"}` + "\n"
	for _, test := range []struct {
		name  string
		after fleet.Instance
		want  string
	}{
		{"with its log", fleet.Instance{Earlier: reading(1, 5), Metrics: reading(2, 5), Twice: true, Log: log}, "it rejects the certificate: HTTP 403: who are you"},
		{"without its log", fleet.Instance{Earlier: reading(1, 5), Metrics: reading(2, 5), Twice: true}, "it rejects the certificate"},
		{"an older failure", fleet.Instance{Earlier: reading(1, 5), Metrics: reading(1, 6), Twice: true, Log: log}, ""},
		{"read once", fleet.Instance{Metrics: reading(2, 5), Log: log}, ""},
		{"not read again", fleet.Instance{Earlier: reading(1, 5), Metrics: reading(2, 5), Twice: true, MetricsErr: errors.New("timeout")}, ""},
	} {
		got := checks.Refusal("backup", test.after)
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		s := healthy(t)
		s.Canaries = []checks.Canary{{Pod: "c1", Wanted: "backup", Refusal: got, Accepted: errors.New("it was not delivered; the Collector's log has the reason")}}
		if want := "canary: the backup site did not accept it from the Collector c1: " + cmp.Or(test.want, "it was not delivered"); !strings.HasPrefix(checks.Fold(s.Lines())[0].Seen, want) {
			t.Errorf("%s: %q, want %q", test.name, checks.Fold(s.Lines())[0].Seen, want)
		}
	}
	if busy := errors.New("pod c1: send a canary to endpoint backup: another one was sent less than 1s ago: try again"); !checks.Busy(busy) || checks.Busy(nil) || checks.Busy(errors.New("refused")) {
		t.Error("a Collector that is busy looks like a site that refuses")
	}
}

// TestCanaryNamesContexts: there is no advice to add a context that was checked.
func TestCanaryNamesContexts(t *testing.T) {
	const advice = "add the context of the primary site to --contexts"
	for _, test := range []struct {
		canary checks.Canary
		advice bool
		seen   string
	}{
		{checks.Canary{}, true, "other stores were not checked"},
		{checks.Canary{SiteContext: "eu", Of: 1, StoresErr: errors.New("timeout")}, false, "unknown: timeout"},
		{checks.Canary{StoresErr: errors.New("context eu may have this site: timeout")}, false, "context eu may have this site"},
		{checks.Canary{SiteContext: "eu", Of: 1, Read: 1}, false, "it has no stores for spans"},
		{checks.Canary{SiteContext: "eu", Of: 2, Read: 1, Stores: []checks.Delivery{{Exporter: "kafka"}}}, false, "only 1 of 2 Collectors of the site could be read"},
	} {
		s := healthy(t)
		test.canary.Pod, test.canary.Site = "c1", "primary"
		s.Canaries = []checks.Canary{test.canary}
		lines := s.Lines()
		seen := lines[len(lines)-1].Seen
		if strings.Contains(seen, advice) != test.advice || !strings.Contains(seen, test.seen) {
			t.Errorf("%q, want %q", seen, test.seen)
		}
	}
}
