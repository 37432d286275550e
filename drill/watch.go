package drill

import (
	"context"
	"time"
)

// lookWithin is how long a Collector may take to answer.
const lookWithin = 5 * time.Second

// look is one answer of a Collector.
type look struct {
	of     Collector
	sample Sample
	err    error
}

// watchCollector looks at one Collector at its own pace, so that one that hangs holds up no other.
func watchCollector(ctx context.Context, c collector, every time.Duration, out chan<- look) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, lookWithin)
		sample, err := c.region.Sample(asking, c.Name)
		cancel()
		sample.Collector = c.Collector
		select {
		case <-ctx.Done():
			return
		case out <- look{c.Collector, sample, err}:
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (d *drill) take(seen look) {
	switch {
	case seen.err != nil && !d.silent[seen.of]:
		d.say("%s does not answer: %v", seen.of, seen.err)
	case seen.err == nil && d.silent[seen.of]:
		d.say("%s answers again", seen.of)
	}
	d.silent[seen.of] = seen.err != nil
	if seen.err == nil {
		d.course.observe(seen.sample)
	}
	d.tellNew()
}
