package sites

import (
	"strconv"
	"strings"

	"github.com/telepod/telepod/drill"
)

// Metrics of the exporter that sends from a region to the sites (collector/failoverexporter/telemetry.go) and
// of exporterhelper's queue. A test reads them from a real Collector.
const (
	deliveredItems = "otelcol_exporter_failover_delivered_items_total"
	siteRequests   = "otelcol_exporter_failover_requests_total"
	queueSize      = "otelcol_exporter_queue_size"
	siteExporter   = "otlp_failover"
)

// readMetrics parses the relevant metrics of a regional Collector from the Prometheus text format. It skips all
// other lines.
func readMetrics(text []byte) drill.Sample {
	sample := drill.Sample{Sent: map[drill.Site]float64{}, Failed: map[drill.Site]float64{}}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		end := strings.LastIndex(line, "} ")
		if end < 0 {
			continue
		}
		name, labels, _ := strings.Cut(line[:end], "{")
		value, err := strconv.ParseFloat(line[end+2:], 64)
		if err != nil || label(labels, "exporter") != siteExporter {
			continue
		}
		site := drill.Site(label(labels, "endpoint"))
		switch name {
		case deliveredItems:
			if label(labels, "signal") == "traces" {
				sample.Sent[site] += value
			}
		case siteRequests:
			if blamesSite(label(labels, "outcome")) {
				sample.Failed[site] += value
			}
		case queueSize:
			sample.Queued += value
		}
	}
	return sample
}

// blamesSite reports whether the outcome of a request means that the site is unhealthy. A site that rejects a
// batch because of its content is healthy; a canceled request proves nothing.
func blamesSite(outcome string) bool {
	switch outcome {
	case "delivered", "partial", "rejected", "cancelled":
		return false
	}
	return true
}

// label returns the raw value of a label; empty if missing.
func label(labels, name string) string {
	_, rest, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, closed := strings.Cut(rest, `"`)
	if !closed {
		return ""
	}
	return value
}
