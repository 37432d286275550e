package cost

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/telepod/telepod/fleet/prometheus"
)

// Asker answers PromQL queries: a [prometheus.Server].
type Asker interface {
	Query(ctx context.Context, query string) ([]prometheus.Sample, error)
}

// Queries for series that the chart's rules record (charts/telepod/rules/cost.yaml). They contain no price arithmetic.
const (
	monthByPart  = `sum by (k8s_cluster_name, signal, of) (telepod:month:dollars)`
	monthEnd     = `sum by (k8s_cluster_name) (telepod:month_end:dollars)`
	monthCovered = `telepod:month:measured_ratio`
	lastDay      = `sum by (k8s_cluster_name, signal) (avg_over_time(telepod:dollars:rate5m[1d]))`
	// projectedFrom is the age in seconds of the oldest rate in the day that month_end averages.
	projectedFrom = `time() - min by (k8s_cluster_name) (min_over_time(timestamp(telepod:dollars:rate5m)[1d:1m]))`
	// spansOfMonth counts spans at the sites, before sampling.
	spansOfMonth = `sum by (k8s_cluster_name, k8s_namespace_name, service_name) (increase(traces_span_metrics_calls_total[%ds]))`
)

// Month is the cost of a cluster in this month so far.
type Month struct {
	Dollars float64 `json:"dollars"`
	// Projected is the cost until the end of the month: Dollars, and the rest of the month at the rate of the last day; nil
	// if it is not recorded.
	Projected *float64 `json:"projected,omitempty"`
	// ProjectedFrom is the time in seconds, up to a day, whose rates Projected extends; nil if it is unknown.
	ProjectedFrom *float64 `json:"projectedFromSeconds,omitempty"`
	// Measured is the share of the month so far in which Prometheus has recorded rates of the cluster, from 0 to 1; nil if
	// that is not recorded. Dollars cover only that time.
	Measured *float64 `json:"measured,omitempty"`
	// Parts are the dollars by category: egress, archive, trace-store and destination.
	Parts map[string]float64 `json:"parts,omitempty"`
	// Traces is the part for spans.
	Traces float64 `json:"traces"`
	// Per30Days is the cost of thirty days at the rate of the last day, and TracesPer30Days the part for spans; nil if there
	// is no rate.
	Per30Days       *float64 `json:"per30Days,omitempty"`
	TracesPer30Days *float64 `json:"tracesPer30Days,omitempty"`
}

// Unmeasured reports whether the month so far has no data yet, so that Dollars are not zero but unknown.
func (m Month) Unmeasured() bool { return m.Measured != nil && *m.Measured == 0 && m.Dollars == 0 }

// Months queries the cost of every cluster, by name. It fails if no costs are recorded, instead of returning zero.
func Months(ctx context.Context, from Asker) (map[string]Month, error) {
	parts, err := from.Query(ctx, monthByPart)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("prometheus has no series telepod:month:dollars: install the chart's rules there (monitoring.prometheusRule), and wait for half an hour")
	}
	months := map[string]Month{}
	for _, s := range parts {
		if unfit(s.Value) {
			continue
		}
		m := months[s.Labels["k8s_cluster_name"]]
		if m.Parts == nil {
			m.Parts = map[string]float64{}
		}
		m.Dollars += s.Value
		m.Parts[s.Labels["of"]] += s.Value
		if s.Labels["signal"] == "traces" {
			m.Traces += s.Value
		}
		months[s.Labels["k8s_cluster_name"]] = m
	}
	for query, set := range map[string]func(*Month, float64){
		monthEnd:      func(m *Month, v float64) { m.Projected = &v },
		projectedFrom: func(m *Month, v float64) { m.ProjectedFrom = &v },
		monthCovered:  func(m *Month, v float64) { v = min(v, 1); m.Measured = &v },
	} {
		samples, err := from.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, s := range samples {
			name := s.Labels["k8s_cluster_name"]
			if m, ok := months[name]; ok && !unfit(s.Value) {
				set(&m, s.Value)
				months[name] = m
			}
		}
	}
	return months, addRates(ctx, from, months)
}

// addRates adds the cost of thirty days to the months.
func addRates(ctx context.Context, from Asker, months map[string]Month) error {
	const thirtyDays = 30 * 24 * 60 * 60
	samples, err := from.Query(ctx, lastDay)
	if err != nil {
		return err
	}
	for _, s := range samples {
		name := s.Labels["k8s_cluster_name"]
		m, ok := months[name]
		if !ok || unfit(s.Value) {
			continue
		}
		if m.Per30Days == nil {
			m.Per30Days, m.TracesPer30Days = new(float64), new(float64)
		}
		*m.Per30Days += thirtyDays * s.Value
		if s.Labels["signal"] == "traces" {
			*m.TracesPer30Days += thirtyDays * s.Value
		}
		months[name] = m
	}
	return nil
}

func unfit(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) || v < 0 }

// Line is the cost of a service, or the part of a cluster's cost that cannot be attributed to one.
type Line struct {
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace,omitempty"`
	Service   string `json:"service,omitempty"`
	// Spans of this month, and their share of the cluster's; absent for data that is not counted by service.
	Spans *float64 `json:"spans,omitempty"`
	Share *float64 `json:"share,omitempty"`
	// Dollars are that share of the cost of the cluster's spans.
	Dollars float64 `json:"dollars"`
	// Per30Days is that share of the cost of thirty days at the rate of the last day; nil if there is no rate.
	Per30Days *float64 `json:"per30Days,omitempty"`
	// Rest is true for the cost that is not attributed to services: metrics and logs, and spans if they are not
	// counted.
	Rest bool `json:"rest,omitempty"`
}

// Services splits the cost of spans among services in proportion to their spans. Metrics and logs are not counted by
// service, so their cost is a separate line. The lines of a cluster add up to its cost.
func Services(ctx context.Context, from Asker, months map[string]Month, now time.Time) ([]Line, error) {
	counts, err := from.Query(ctx, fmt.Sprintf(spansOfMonth, int(SinceMonthStart(now).Seconds())))
	if err != nil {
		return nil, err
	}
	total := map[string]float64{}
	for _, s := range counts {
		if !unfit(s.Value) {
			total[s.Labels["k8s_cluster_name"]] += s.Value
		}
	}
	var lines []Line
	for _, name := range slices.Sorted(maps.Keys(months)) {
		m := months[name]
		left, leftPer30Days := m.Dollars, m.Per30Days
		for _, s := range counts {
			if s.Labels["k8s_cluster_name"] != name || unfit(s.Value) || s.Value == 0 {
				continue
			}
			spans, share := s.Value, s.Value/total[name]
			part := portion(m.TracesPer30Days, share)
			lines = append(lines, Line{name, s.Labels["k8s_namespace_name"], s.Labels["service_name"], &spans, &share, m.Traces * share, part, false})
			left, leftPer30Days = left-m.Traces*share, without(leftPer30Days, part)
		}
		if left > m.Dollars*1e-9 || leftPer30Days != nil && *leftPer30Days > *m.Per30Days*1e-9 {
			lines = append(lines, Line{Cluster: name, Dollars: max(left, 0), Per30Days: leftPer30Days, Rest: true})
		}
	}
	sortLines(lines)
	return lines, nil
}

// portion returns a share of an amount that may be unknown.
func portion(of *float64, share float64) *float64 {
	if of == nil {
		return nil
	}
	part := *of * share
	return &part
}

// without subtracts a part; nil if either is unknown.
func without(from, part *float64) *float64 {
	if from == nil || part == nil {
		return nil
	}
	left := max(*from-*part, 0)
	return &left
}

// Namespaces sums the lines of services by namespace.
func Namespaces(lines []Line) []Line {
	type key struct{ cluster, namespace string }
	sums := map[key]*Line{}
	var all []Line
	for _, l := range lines {
		if l.Rest {
			all = append(all, l)
			continue
		}
		k := key{l.Cluster, l.Namespace}
		sum := sums[k]
		if sum == nil {
			sum = &Line{Cluster: l.Cluster, Namespace: l.Namespace, Spans: new(float64), Share: new(float64)}
			sums[k] = sum
		}
		*sum.Spans += *l.Spans
		*sum.Share += *l.Share
		sum.Dollars += l.Dollars
		if l.Per30Days != nil {
			if sum.Per30Days == nil {
				sum.Per30Days = new(float64)
			}
			*sum.Per30Days += *l.Per30Days
		}
	}
	for _, sum := range sums {
		all = append(all, *sum)
	}
	sortLines(all)
	return all
}

func amount(of *float64) float64 {
	if of == nil {
		return 0
	}
	return *of
}

// sortLines sorts by cost within each cluster, highest first.
func sortLines(lines []Line) {
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(b.Dollars, a.Dollars), cmp.Compare(amount(b.Per30Days), amount(a.Per30Days)), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Service, b.Service))
	})
}

// SinceMonthStart returns the time since the month started, in UTC; at least a minute.
func SinceMonthStart(now time.Time) time.Duration {
	now = now.UTC()
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	return max(now.Sub(start), time.Minute)
}
