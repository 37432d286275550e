package webhook

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/telepod/telepod/injector"
)

// Labels of the metrics. Their values are closed sets: verdicts, injector.Reasons, kinds of sidecar
// and a few HTTP statuses.
const (
	labelDecision = "decision"
	labelReason   = "reason"
	labelKind     = "kind"
	labelStatus   = "status"
)

// durations returns the histogram's bounds in seconds: an admission takes tens of microseconds, and API servers
// time out after several seconds.
func durations() []float64 {
	return []float64{50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.6e-3, 3.2e-3, 6.4e-3, 12.8e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1}
}

// patchSizes returns the histogram's bounds in bytes.
func patchSizes() []float64 {
	return []float64{1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10}
}

// instruments record outcomes. All label sets are created in advance, so recording does not allocate.
type instruments struct {
	admissions metric.Int64Counter
	skipped    metric.Int64Counter
	warnings   metric.Int64Counter
	silent     metric.Int64Counter
	sidecars   metric.Int64Counter
	refusals   metric.Int64Counter
	duration   metric.Float64Histogram
	patch      metric.Int64Histogram

	byOutcome map[verdictReason][]metric.AddOption
	byReason  map[injector.Reason][]metric.AddOption
	byKind    map[injector.SidecarKind][]metric.AddOption
	byVerdict map[Verdict][]metric.RecordOption
}

type verdictReason struct {
	Verdict
	injector.Reason
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	m := instrumentBuilder{meter: meter}
	i := &instruments{
		admissions: m.counter("telepod.admissions", "Admission requests by decision and reason."),
		skipped:    m.counter("telepod.admission.skipped", "Parts of injections that were left out, by reason."),
		warnings:   m.counter("telepod.admission.warnings", "Mistakes in annotations, by reason."),
		silent:     m.counter("telepod.containers.silent", "Containers that got variables but no endpoint, by reason: they send no telemetry."),
		sidecars:   m.counter("telepod.sidecars", "Collector sidecars added, by kind."),
		refusals:   m.counter("telepod.requests.refused", "HTTP requests that were not an AdmissionReview, by status."),
		duration: m.seconds("telepod.admission.duration",
			"Time from the request's headers to the response, by decision."),
		patch:     m.bytes("telepod.admission.patch", "Size of JSON patches."),
		byOutcome: map[verdictReason][]metric.AddOption{}, byReason: map[injector.Reason][]metric.AddOption{},
		byKind: map[injector.SidecarKind][]metric.AddOption{}, byVerdict: map[Verdict][]metric.RecordOption{},
	}
	for _, reason := range injector.Reasons() {
		value := attribute.String(labelReason, string(reason.Reason))
		i.byReason[reason.Reason] = []metric.AddOption{labels(value)}
		for _, verdict := range verdicts() {
			i.byOutcome[verdictReason{verdict, reason.Reason}] = []metric.AddOption{labels(attribute.String(labelDecision, string(verdict)), value)}
		}
	}
	for _, kind := range []injector.SidecarKind{injector.SidecarNative, injector.SidecarContainer} {
		i.byKind[kind] = []metric.AddOption{labels(attribute.String(labelKind, string(kind)))}
	}
	for _, verdict := range verdicts() {
		i.byVerdict[verdict] = []metric.RecordOption{labels(attribute.String(labelDecision, string(verdict)))}
	}
	return i, m.err
}

func labels(values ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(values...))
}

// instrumentBuilder keeps the first error of several instruments.
type instrumentBuilder struct {
	meter metric.Meter
	err   error
}

func (m *instrumentBuilder) keep(err error) {
	if m.err == nil {
		m.err = err
	}
}

func (m *instrumentBuilder) counter(name, help string) metric.Int64Counter {
	made, err := m.meter.Int64Counter(name, metric.WithDescription(help))
	m.keep(err)
	return made
}

func (m *instrumentBuilder) seconds(name, help string) metric.Float64Histogram {
	made, err := m.meter.Float64Histogram(name, metric.WithDescription(help), metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(durations()...))
	m.keep(err)
	return made
}

func (m *instrumentBuilder) bytes(name, help string) metric.Int64Histogram {
	made, err := m.meter.Int64Histogram(name, metric.WithDescription(help), metric.WithUnit("By"),
		metric.WithExplicitBucketBoundaries(patchSizes()...))
	m.keep(err)
	return made
}

// record counts one admission.
func (i *instruments) record(ctx context.Context, a admission) {
	i.admissions.Add(ctx, 1, i.byOutcome[verdictReason{a.Verdict, a.Reason}]...)
	i.duration.Record(ctx, a.duration.Seconds(), i.byVerdict[a.Verdict]...)
	if a.Plan == nil {
		return
	}
	for _, warning := range a.Plan.Warnings {
		i.warnings.Add(ctx, 1, i.byReason[warning.Reason]...)
	}
	for _, reason := range a.Plan.Silent {
		i.silent.Add(ctx, 1, i.byReason[reason]...)
	}
	for reason, count := range runs(a.Plan.Skipped) {
		i.skipped.Add(ctx, count, i.byReason[reason]...)
	}
	if a.Plan.AddsSidecar() {
		i.sidecars.Add(ctx, 1, i.byKind[a.Plan.SidecarKind]...)
	}
	if a.Patch != nil {
		i.patch.Record(ctx, int64(len(a.Patch)))
	}
}

func (i *instruments) refused(ctx context.Context, status int) {
	i.refusals.Add(ctx, 1, metric.WithAttributes(attribute.String(labelStatus, strconv.Itoa(status))))
}

// runs yields each run of equal reasons with its length: most omitted parts have the same reason as the one before.
func runs(skipped []injector.Skip) func(yield func(injector.Reason, int64) bool) {
	return func(yield func(injector.Reason, int64) bool) {
		for start := 0; start < len(skipped); {
			end := start + 1
			for end < len(skipped) && skipped[end].Reason == skipped[start].Reason {
				end++
			}
			if !yield(skipped[start].Reason, int64(end-start)) {
				return
			}
			start = end
		}
	}
}
