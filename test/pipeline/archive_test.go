package pipeline

import (
	"slices"
	"testing"
	"time"
)

// TestLongArchiveOutage stops S3 until the archive's queue is full. The site must keep serving all other stores, and count
// each span once. It must drop the oldest data of the archive, count the drops, and deliver the newest data.
func TestLongArchiveOutage(t *testing.T) {
	t.Parallel()
	r := assemble(t)
	r.primary.Stop(t)
	r.primary.run.Configs = append(r.primary.run.Configs, "yaml:connectors::spool/archive::sending_queue: {queue_size: 2000000, batch: {flush_timeout: 1s, min_size: 100000, max_size: 400000}}",
		"yaml:connectors::span_metrics::metrics_flush_interval: 1s")
	r.primary.Start(t)
	r.toS3.Cut()
	r.sendLoad(t)
	const dropped = "otelcol_spool_dropped_items_total"
	Await(t, 2*time.Minute, "drops from a full archive queue", func() bool { return r.primary.Metric(dropped) > 2000 })
	r.awaitBeyond(t, Traces, "otlp")
	r.awaitBeyond(t, Metrics, "remotewrite")
	refused := r.primary.Metric("otelcol_receiver_refused_spans_total")
	r.toS3.Restore(t)
	outcomes := r.plant.Drain(t, r.load, []Place{{Metrics, "remotewrite"}, {Logs, "kafka"}}, time.Minute)
	for _, o := range outcomes {
		if o.Lost > 0 {
			t.Errorf("%v: the archive's outage affected another store", o)
		}
	}
	if refused > 0 {
		t.Errorf("the site rejected %v spans because of the archive", refused)
	}
	Await(t, time.Minute, "as many spans in the span metrics as the site accepted", func() bool {
		return r.plant.counted(t) == r.primary.Accepted(Traces)
	})
	Await(t, time.Minute, "every trace with an error in Jaeger", func() bool {
		failed, complete := r.plant.Complete(t, r.load, "otlp")
		return failed > 0 && complete == failed
	})
	newest := slices.Max(r.load.acked[Traces])
	Await(t, time.Minute, "the newest span in the archive", func() bool { return r.plant.Tally(t, "s3", Traces)[newest] > 0 })
	Await(t, time.Minute, "each span of the primary to be archived, or counted as dropped", func() bool {
		arrived, acked := len(r.plant.Tally(t, "s3", Traces))+len(r.plant.Tally(t, "s3", Logs)), len(r.load.acked[Traces])+len(r.load.acked[Logs])
		return float64(arrived)+r.primary.Metric(dropped) >= float64(acked)
	})
	if r.plant.Tally(t, "s3", Traces)[slices.Min(r.load.acked[Traces])] > 0 {
		t.Error("the oldest span is in the archive, so something newer was dropped")
	}
}

// awaitBeyond waits until a back end has data that the region acknowledged after this call.
func (r *rig) awaitBeyond(t *testing.T, signal, backend string) {
	t.Helper()
	r.load.mu.Lock()
	newest := slices.Max(r.load.acked[signal])
	r.load.mu.Unlock()
	Await(t, Patience, "newer "+signal+" at "+backend, func() bool {
		for number := range r.plant.Tally(t, backend, signal) {
			if number > newest {
				return true
			}
		}
		return false
	})
}
