package estate

import (
	"strconv"
	"strings"

	"github.com/telepod/telepod/drill"
)

// What the chart's regional configuration calls things. A test reads them from a real Collector.
const (
	sentSpans   = "otelcol_exporter_sent_spans_total"
	failedSpans = "otelcol_exporter_send_failed_spans_total"
	queueSize   = "otelcol_exporter_queue_size"
	siteOf      = `exporter="otlp_http/`
	queueOf     = `exporter="otlp_grpc/loop"`
)

// readMetrics takes what a drill needs out of a regional Collector's metrics, in Prometheus' text
// format. Lines that it does not know are none of its business.
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
		if err != nil {
			continue
		}
		switch name {
		case sentSpans:
			if site, ok := site(labels); ok {
				sample.Sent[site] += value
			}
		case failedSpans:
			if site, ok := site(labels); ok {
				sample.Failed[site] += value
			}
		case queueSize:
			if strings.Contains(labels, queueOf) {
				sample.Queued += value
			}
		}
	}
	return sample
}

func site(labels string) (drill.Site, bool) {
	_, rest, found := strings.Cut(labels, siteOf)
	name, _, closed := strings.Cut(rest, `"`)
	return drill.Site(name), found && closed
}
