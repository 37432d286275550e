package drill

import (
	"context"
	"time"
)

// sampleTimeout is the time limit for one sample of a Collector.
const sampleTimeout = 5 * time.Second

// sampleResult is one sample of a Collector, or an error.
type sampleResult struct {
	of     Collector
	sample Sample
	err    error
}

// watchCollector samples one Collector. Each has its own goroutine, so that a slow one does not delay the
// others.
func watchCollector(ctx context.Context, c collector, every time.Duration, out chan<- sampleResult) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, sampleTimeout)
		sample, err := c.region.Sample(asking, c.Name)
		cancel()
		sample.Collector = c.Collector
		select {
		case <-ctx.Done():
			return
		case out <- sampleResult{c.Collector, sample, err}:
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (d *drill) record(seen sampleResult) {
	switch {
	case seen.err != nil && !d.silent[seen.of]:
		d.logf("%s is not responding: %v", seen.of, seen.err)
	case seen.err == nil && d.silent[seen.of]:
		d.logf("%s is responding again", seen.of)
	}
	d.silent[seen.of] = seen.err != nil
	if seen.err == nil {
		d.course.observe(seen.sample)
	}
	d.notifyNew()
}
