package checks

import (
	"fmt"
	"slices"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// Arrived returns the site that accepted the most traces from a Collector between two readings, or the primary if both
// accepted the same number; empty if none accepted any. It returns an error if one of the readings failed: without the
// first, old counts would look like an arrival.
func Arrived(before, after fleet.Instance) (site string, err error) {
	for _, reading := range []fleet.Instance{before, after} {
		if reading.MetricsErr != nil {
			return "", reading.MetricsErr
		}
	}
	most := 0.0
	for _, name := range []string{primarySite, backupSite} {
		if n := arrivals(before, after, name); n > most {
			site, most = name, n
		}
	}
	return site, nil
}

// ArrivedAt reports whether one site has accepted traces from a Collector between two readings.
func ArrivedAt(site string, before, after fleet.Instance) (bool, error) {
	for _, reading := range []fleet.Instance{before, after} {
		if reading.MetricsErr != nil {
			return false, reading.MetricsErr
		}
	}
	return arrivals(before, after, site) > 0, nil
}

func arrivals(before, after fleet.Instance, site string) float64 {
	return increase(before, after, "otelcol_exporter_failover_delivered_items_total", metrics.Labels{"signal": "traces", "endpoint": site})
}

// Deliveries reports what the exporters of a site did with spans between two readings. It compares only Collectors that
// answered both times, and counts them in read; it returns an error if there are none.
func Deliveries(before, after []fleet.Instance) (list []Delivery, read int, err error) {
	var pairs [][2]fleet.Instance
	var both []fleet.Instance
	for _, now := range after {
		at := slices.IndexFunc(before, func(i fleet.Instance) bool { return i.Pod == now.Pod })
		switch {
		case at < 0:
		case before[at].MetricsErr != nil:
			err = before[at].MetricsErr
		case now.MetricsErr != nil:
			err = now.MetricsErr
		default:
			pairs, both = append(pairs, [2]fleet.Instance{before[at], now}), append(both, now)
		}
	}
	switch {
	case len(pairs) > 0:
	case err != nil:
		return nil, 0, err
	default:
		return nil, 0, fmt.Errorf("the site has no Collectors")
	}
	for _, exporter := range spanExporters(both) {
		d := Delivery{Exporter: exporter}
		for _, pair := range pairs {
			queued, _ := pair[1].Metrics.Sum("otelcol_exporter_queue_size", metrics.Labels{"exporter": exporter, "data_type": "traces"})
			d.Waits = d.Waits || queued > 0
			d.Delivered = d.Delivered || increase(pair[0], pair[1], "otelcol_exporter_sent_spans_total", metrics.Labels{"exporter": exporter}) > 0
		}
		list = append(list, d)
	}
	return list, len(pairs), nil
}

// increase returns the increase of a counter. If the counter went down, it was reset: its value is the increase since then.
func increase(before, after fleet.Instance, name string, match metrics.Labels) float64 {
	first, _ := before.Metrics.Sum(name, match)
	last, _ := after.Metrics.Sum(name, match)
	if last < first {
		return last
	}
	return last - first
}
