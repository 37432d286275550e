package checks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// Thresholds of a queue's fill level, as in the chart's alerts.
const (
	QueueFills = 0.5
	QueueFull  = 0.95
)

// stores judges queues, refusals and disks of Collectors, regional or central.
func (s Snapshot) stores(r *report, instances []fleet.Instance) {
	fullest, where := -1.0, ""
	for _, i := range instances {
		for _, exporter := range exporters(i) {
			fill := fill(i, exporter)
			place := fmt.Sprintf("%s of pod %s%s", exporter, i.Pod, on(i.Node))
			r.check(codeQueues)
			switch {
			case fill >= QueueFull:
				r.add(Failed, s.in("logs %s --tail=50 | grep -iE 'exporting|endpoint'", i.Pod), "the queue of %s is full: it refuses new data", place)
			case fill >= QueueFills:
				r.add(Warning, s.in("logs %s --tail=50 | grep -iE 'exporting|endpoint'", i.Pod), "the queue of %s is %.0f %% full", place, 100*fill)
			case fill > fullest:
				fullest, where = fill, place
			}
		}
		s.disk(r.check(codeDisk), i)
		s.refusals(r.check(codeRefusals), i)
	}
	if where != "" {
		r.check(codeQueues).ok("the fullest queue is %.0f %% full: %s", 100*fullest, where)
	}
}

// exporters lists the exporters with a queue.
func exporters(i fleet.Instance) []string {
	found := map[string]bool{}
	for labels := range i.Metrics.Each("otelcol_exporter_queue_capacity") {
		found[labels["exporter"]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// fill returns the fill level of an exporter's fullest queue, between 0 and 1.
func fill(i fleet.Instance, exporter string) (most float64) {
	for labels, capacity := range i.Metrics.Each("otelcol_exporter_queue_capacity") {
		size, _ := i.Metrics.Sum("otelcol_exporter_queue_size", metrics.Labels{"exporter": exporter, "data_type": labels["data_type"]})
		if labels["exporter"] == exporter && capacity > 0 {
			most = max(most, size/capacity)
		}
	}
	return most
}

// grown returns the increase of a counter between two readings; 0 if there was only one.
func grown(i fleet.Instance, name string, match metrics.Labels) float64 {
	if !i.Twice {
		return 0
	}
	before, _ := i.Earlier.Sum(name, match)
	now, _ := i.Metrics.Sum(name, match)
	return now - before
}

func (s Snapshot) disk(r *report, i fleet.Instance) {
	const refused = "otelcol_storage_refused_writes_total"
	for _, of := range []struct{ reason, text string }{
		{"full", "no space is left on its disk"},
		{"floor", "less space is left on its node's disk than regional.queue.minFreeMegabytes keeps free"},
		{"max_size", "its queue has reached its maximum size"},
	} {
		if grown(i, refused, metrics.Labels{"reason": of.reason}) > 0 {
			r.add(Failed, fmt.Sprintf("%s debug node/%s -it --image=busybox -- df -h /host/var/lib", s.Kubectl, i.Node), "pod %s%s cannot write to its queue: %s", i.Pod, on(i.Node), of.text)
		}
	}
	if n, _ := i.Metrics.Sum("otelcol_storage_corrupt_records_total", nil); n > 0 {
		r.add(Warning, "look for disk errors on the node: docs/operations.md#telepodstoragecorrupt", "pod %s%s has found %.0f corrupt records in its queue since it started", i.Pod, on(i.Node), n)
	}
}

// produced counts the items that a receiver passed on, by outcome; see TelepodRefuses in the chart's alerts.
const produced = "otelcol_receiver_produced_items_total"

func (s Snapshot) refusals(r *report, i fleet.Instance) {
	inspect := s.in("logs %s --tail=50 | grep -iE 'refus|reject'", i.Pod)
	for labels := range i.Metrics.Each("otelcol_receiver_refused_requests_total") {
		if n := grown(i, "otelcol_receiver_refused_requests_total", labels); n > 0 {
			r.add(Warning, inspect, "pod %s%s refuses requests: %s", i.Pod, on(i.Node), refusalText(labels["reason"]))
		}
	}
	for labels, now := range i.Metrics.Each(produced) {
		before, _ := i.Earlier.Sum(produced, labels)
		if outcome := labels["otelcol_component_outcome"]; i.Twice && outcome != "" && outcome != "success" && now > before {
			r.add(Warning, inspect, "pod %s%s refuses %s: its memory or its queue is full", i.Pod, on(i.Node), labels["otel_scope_otelcol_signal"])
		}
	}
	for labels := range i.Metrics.Each("otelcol_fan_out_dropped_items_total") {
		if n := grown(i, "otelcol_fan_out_dropped_items_total", labels); n > 0 {
			r.add(Failed, inspect, "pod %s drops items for %s", i.Pod, labels["pipeline"])
		}
	}
	if n := grown(i, "otelcol_exporter_failover_rejected_items_total", nil); n > 0 {
		r.add(Failed, s.in("logs %s --tail=500 | grep -iE 'rejected|failed 4 times'", i.Pod), "pod %s%s: a site rejects items permanently", i.Pod, on(i.Node))
	}
}

// refusalText explains a reason of the receiver: collector/otlpmuxreceiver/README.md.
func refusalText(reason string) string {
	text := map[string]string{
		"memory": "too much is in flight at the same time", "peer_share": "one sender has more in flight than its share", "too_large": "larger than the receiver accepts",
		"body": "the sender closed the connection early, or was too slow", "malformed": "not OTLP", "path": "an unknown path: no /v1/traces, /v1/metrics or /v1/logs",
		"auth": "a client certificate is missing, or is from another CA",
	}[reason]
	if text == "" {
		return reason
	}
	return reason + ": " + text
}

// toSites is the exporter of regional Collectors.
const toSites = "otlp_failover"

// Suspicious reports whether a second reading, or the log, can explain an instance's state.
func Suspicious(i fleet.Instance) bool {
	if !i.Ready {
		return true
	}
	for _, name := range []string{
		"otelcol_storage_refused_writes_total", "otelcol_receiver_refused_requests_total", "otelcol_fan_out_dropped_items_total",
		"otelcol_exporter_failover_rejected_items_total",
	} {
		if n, _ := i.Metrics.Sum(name, nil); n > 0 {
			return true
		}
	}
	for labels, n := range i.Metrics.Each(produced) {
		if outcome := labels["otelcol_component_outcome"]; n > 0 && outcome != "" && outcome != "success" {
			return true
		}
	}
	for _, up := range i.Metrics.Each("otelcol_exporter_failover_endpoint_up") {
		if up == 0 {
			return true
		}
	}
	for labels, waiting := range i.Metrics.Each("otelcol_exporter_queue_size") {
		if waiting > 0 && labels["exporter"] != toSites { // the metrics of sites describe that queue
			return true
		}
	}
	active, found := i.Metrics.Sum("otelcol_exporter_failover_active", nil)
	return found && active == 0
}

func (s Snapshot) central(r *report) {
	if r.check(codeCentral).unknown("the central site", s.Central.Err) {
		return
	}
	if len(s.Central.Value.Workloads) == 0 {
		return // it is in another cluster
	}
	r.site = s.role()
	defer func() { r.site = "" }()
	effect := "the site accepts nothing, and regions keep their data or send it to the other site"
	for _, w := range s.Central.Value.Workloads {
		if w.Desired == 0 && (w.Ready > 0 || len(w.Troubles) > 0) {
			effect = "its last pods end; then regions keep their data or send it to the other site"
		}
		s.workload(r.check(codeCentral), w, effect)
	}
	s.instances(r, s.Central.Value, codeCentralWaiting, codeCentralPods)
	if !r.check(codeSamplers).unknown("the samplers", s.Samplers.Err) {
		for _, w := range s.Samplers.Value.Workloads {
			s.workload(r, w, "traces wait in front of them")
		}
		s.instances(r, s.Samplers.Value, codeSamplerWaiting, codeSamplerPods)
	}
	all := slices.Concat(s.Central.Value.Instances, s.Samplers.Value.Instances)
	s.metrics(r, "central Collectors", all)
	s.backEnds(r.check(codeBackEnds), all)
	s.stores(r, all)
}

// QueueFill returns the fill level of a Collector's fullest queue, between 0 and 1.
func QueueFill(i fleet.Instance) (most float64) {
	for _, exporter := range exporters(i) {
		most = max(most, fill(i, exporter))
	}
	return most
}

// spanExporters lists the exporters of Collectors that receive spans.
func spanExporters(instances []fleet.Instance) []string {
	found := map[string]bool{}
	for _, i := range instances {
		for labels := range i.Metrics.Each("otelcol_exporter_queue_capacity") {
			if labels["data_type"] == "traces" {
				found[labels["exporter"]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
