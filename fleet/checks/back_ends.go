package checks

import (
	"maps"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// backEnds reports exporters that have data but deliver none, with the reason.
func (s Snapshot) backEnds(r *report, instances []fleet.Instance) {
	var well []string
	unsure := map[string][]string{}
	for _, b := range BackEnds(instances) {
		switch {
		case b.Failure != "":
			r.add(Failed, s.in("logs %s --tail=50 | grep -i exporting", b.Pods[0]), "%s does not deliver: %s: %s", b.Exporter, storeOf(b.Exporter), b.Failure)
		case b.Unsure != "": // a batch may wait for longer than the time between two readings
			unsure[b.Unsure] = append(unsure[b.Unsure], b.Exporter)
		default:
			well = append(well, b.Exporter)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(unsure)) {
		r.add(Skipped, "", "whether %s %s data is unknown: %s", strings.Join(unsure[why], ", "), fleet.Verb(len(unsure[why]), "accepts", "accept"), why)
	}
	if len(well) > 0 {
		r.ok("back ends accept data: %s", strings.Join(well, ", "))
	}
}

// almostEmpty is the fill level of a queue below which data that waits is not suspicious.
const almostEmpty = 0.01

// BackEnd is one exporter of a site, over all of its Collectors.
type BackEnd struct {
	Exporter string
	// Fill is the fill level of its fullest queue, between 0 and 1.
	Fill float64
	// Failure is why data waits and nothing is delivered, in Pods; empty if there is no such problem.
	Failure string
	Pods    []string
	// Unsure is why it is unknown whether its store accepts data; empty if it is known.
	Unsure string
	// Suspect: it is unsure, and a queue is not almost empty, or a log could not be read. Otherwise a batch probably waits
	// for longer than the time between two readings.
	Suspect bool
}

// BackEnds lists the exporters of central Collectors. A log line alone proves no failure: the exporter retries until it
// succeeds.
func BackEnds(instances []fleet.Instance) []BackEnd {
	found := map[string]*BackEnd{}
	for _, i := range instances {
		for _, exporter := range exporters(i) {
			b := found[exporter]
			if b == nil {
				b = &BackEnd{Exporter: exporter}
				found[exporter] = b
			}
			b.Fill = max(b.Fill, fill(i, exporter))
			failure := loggedFailure(i.Log, exporter)
			waits, _ := i.Metrics.Sum("otelcol_exporter_queue_size", metrics.Labels{"exporter": exporter})
			switch {
			case waits == 0 || sent(i, exporter) != 0:
			case failure != "":
				b.Failure, b.Pods = failure, append(b.Pods, i.Pod)
			case i.Twice:
				b.Unsure = "data waits, and nothing was sent between two readings"
				b.Suspect = b.Suspect || i.Log == "" || fill(i, exporter) >= almostEmpty
			default:
				b.Unsure, b.Suspect = "data waits, and its counters were read only once", true
			}
		}
	}
	var list []BackEnd
	for _, exporter := range slices.Sorted(maps.Keys(found)) {
		list = append(list, *found[exporter])
	}
	return list
}

func sent(i fleet.Instance, exporter string) (n float64) {
	for _, items := range []string{"spans", "metric_points", "log_records"} {
		n += grown(i, "otelcol_exporter_sent_"+items+"_total", metrics.Labels{"exporter": exporter})
	}
	return n
}

// StoreOf names the store that an exporter writes to.
func StoreOf(exporter string) string {
	store := storeOf(exporter)
	if _, name, found := strings.Cut(exporter, "/"); store == otherStore && found {
		return name
	}
	return store
}

// otherStore stands for a destination that only the name of its exporter identifies.
const otherStore = "its back end"

// storeOf returns the store that one of the chart's exporters writes to.
func storeOf(exporter string) string {
	for prefix, store := range map[string]string{"spool/archive": "the archive (S3)", "otlp_grpc/jaeger": "Jaeger", "kafka": "Kafka", "spool/prometheus": "Prometheus",
		"load_balancing": "the samplers"} {
		if strings.HasPrefix(exporter, prefix) {
			return store
		}
	}
	return otherStore
}

// loggedFailure returns the error in the last log line about a failed attempt of an exporter.
func loggedFailure(log, exporter string) string {
	failure := ""
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "Exporting failed") || !strings.Contains(line, `"otelcol.component.id": "`+exporter+`"`) {
			continue
		}
		if _, rest, found := strings.Cut(line, `"error": "`); found {
			failure, _, _ = strings.Cut(strings.ReplaceAll(rest, `\"`, "'"), `"`)
		}
	}
	return failure
}
