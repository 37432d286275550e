package failoverexporter

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// stream sends one request of ten numbered spans after another until it is stopped, and returns how many spans
// the exporter accepted.
func (r *rig) stream() (stop func() uint64) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			if err := r.traces.ConsumeTraces(context.Background(), numbered(next.Load(), 10)); err == nil {
				next.Add(10)
			}
		}
	})
	return func() uint64 {
		close(done)
		wg.Wait()
		return next.Load()
	}
}

func TestFailsOverAndReturns(t *testing.T) {
	for _, fault := range []struct {
		name       string
		begin, end func(*backend)
		reason     reason
	}{
		{"killed", func(b *backend) { b.link.cut() }, func(b *backend) { b.link.mend() }, unreachable},
		{"frozen", func(b *backend) { b.link.freeze() }, func(b *backend) { b.link.thaw() }, hung},
	} {
		t.Run(fault.name, func(t *testing.T) {
			primary, backup := newBackend(t), newBackend(t)
			r := started(t, batched(testConfig(primary, backup)))
			stop := r.stream()
			eventually(t, "the primary gets data", func() bool { return primary.count(traces) > 5 })
			if backup.count(traces) > 0 {
				t.Error("the backup got data while the primary was up")
			}
			began := time.Now()
			fault.begin(primary)
			eventually(t, "the backup gets data", func() bool { return backup.count(traces) > 0 })
			t.Logf("failed over after %s", time.Since(began).Round(time.Millisecond))
			before := backup.count(traces)
			eventually(t, "the backup gets more", func() bool { return backup.count(traces) > before+5 })
			began = time.Now()
			fault.end(primary)
			before = primary.count(traces)
			eventually(t, "the primary gets data again", func() bool { return primary.count(traces) > before })
			t.Logf("resumed after %s", time.Since(began).Round(time.Millisecond))
			sent := stop()
			eventually(t, "all spans arrive", func() bool { return uint64(len(union(primary, backup))) == sent })
			if d := duplicates(union(primary, backup)); d > 0 {
				t.Logf("%d of %d spans arrived twice", d, sent)
			}
			if n := r.logs.FilterMessage("Switched to another endpoint").FilterFieldKey("signal").Len(); n != int(signalCount) {
				t.Errorf("%d lines about the switch, want one for each signal", n)
			}
		})
	}
}

// batched makes batches of a few requests, and splits what merges above the limit.
func batched(c *Config) *Config {
	c.QueueConfig.Get().Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: 10 * time.Millisecond, Sizer: exporterhelper.RequestSizerTypeBytes, MinSize: 2000, MaxSize: 3000,
	})
	return c
}

// A site that hangs gets no body that another site gets, so it stores no duplicates when it wakes up.
func TestHungSiteGetsNoBody(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	r := started(t, testConfig(primary, backup))
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the primary gets the first batch", func() bool { return primary.count(traces) == 1 })
	primary.link.freeze()
	for n := range uint64(8) {
		if err := r.traces.ConsumeTraces(t.Context(), numbered(10+10*n, 10)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the backup gets what follows", func() bool { return backup.count(traces) == 8 })
	primary.link.thaw()
	eventually(t, "the primary is in use again", func() bool { return r.sum("active", "signal", "traces", "endpoint", "primary") == 1 })
	if n := duplicates(union(primary, backup)); n > 0 {
		t.Errorf("%d spans arrived twice", n)
	}
}
