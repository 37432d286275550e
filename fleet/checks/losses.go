package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// direct selects exporters without a queue that retries: what they fail to send is lost. The alert TelepodDestinationRejects
// selects the same.
var (
	direct  = regexp.MustCompile(`^(.+/.+|kafka)$`)
	retries = regexp.MustCompile(`^((awss3|spool)/.+|prometheus_remote_write.*|load_balancing/.+|otlp_http/xray)$`)
)

// loss is a kind of data that Collectors did not accept or did not deliver, with its counters and the series that count.
type loss struct {
	text     string
	counters []string
	counts   func(metrics.Labels) bool
}

// losses lists the kinds. Counters that are still zero are absent from the metrics.
func losses() []loss {
	all := func(metrics.Labels) bool { return true }
	return []loss{
		{"items refused", []string{produced}, func(l metrics.Labels) bool {
			outcome := l["otelcol_component_outcome"]
			return outcome != "" && outcome != "success"
		}},
		{"requests refused", []string{"otelcol_receiver_refused_requests_total"}, all},
		{"items rejected by a site or store", []string{"otelcol_exporter_failover_rejected_items_total", "otelcol_spool_rejected_items_total"}, all},
		{"items dropped", []string{"otelcol_fan_out_dropped_items_total", "otelcol_spool_dropped_items_total"}, all},
		{"items not sent", []string{"otelcol_exporter_send_failed_spans_total", "otelcol_exporter_send_failed_metric_points_total", "otelcol_exporter_send_failed_log_records_total"},
			func(l metrics.Labels) bool {
				return l["error_type"] != "Shutdown" && direct.MatchString(l["exporter"]) && !retries.MatchString(l["exporter"])
			}},
		{"requests in the queue unreadable", []string{"otelcol_exporter_failover_unreadable_requests_total"}, all},
	}
}

// Losses counts what Collectors have refused, rejected or dropped since they started. It returns an empty text if none
// answered.
func Losses(instances []fleet.Instance) (text string, some bool) {
	read, shortest := 0, 0.0
	for _, i := range instances {
		up, found := i.Metrics.Sum(siteUptime, nil)
		if i.MetricsErr != nil || !found {
			continue
		}
		if read++; read == 1 || up < shortest {
			shortest = up
		}
	}
	if read == 0 {
		return "", false
	}
	var parts []string
	for _, kind := range losses() {
		if sum := kind.sum(instances); sum > 0 {
			parts = append(parts, fmt.Sprintf("%s: %.0f", kind.text, sum))
		}
	}
	of := ""
	if read < len(instances) {
		of = fmt.Sprintf(" of %d of %s", read, fleet.Count(len(instances), "Collector"))
	}
	since := "since the Collectors started (the last one " + duration.HumanDuration(time.Duration(shortest*float64(time.Second))) + " ago)"
	if len(parts) == 0 {
		return "the counters" + of + " show no data refused, rejected or dropped " + since, false
	}
	return since + ", the counters" + of + " show " + strings.Join(parts, ", "), true
}

func (l loss) sum(instances []fleet.Instance) (sum float64) {
	for _, i := range instances {
		for _, counter := range l.counters {
			for labels, n := range i.Metrics.Each(counter) {
				if l.counts(labels) {
					sum += n
				}
			}
		}
	}
	return sum
}

// losses reports what the Collectors of the cluster have lost since they started. That is no problem: it may be long ago,
// and other lines report a counter that grows.
func (s Snapshot) losses(r *report) {
	text, some := Losses(slices.Concat(s.Collectors.Value.Instances, s.Central.Value.Instances, s.Samplers.Value.Instances))
	switch r.check(codeRefusals); {
	case some:
		r.add(Skipped, "", "%s", text)
	case text != "":
		r.ok("%s", text)
	}
}
