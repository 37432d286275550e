package drill

import (
	"context"
	"time"
)

// postsASecond is the maximum number of requests per second; at higher rates a request has several canaries.
const postsASecond = 5

// sendWithin is the time limit for a Collector to accept canaries.
const sendWithin = 5 * time.Second

// settleAtLeast leaves time for duplicates to appear: a central site writes to its archive every ten seconds.
const settleAtLeast = 15 * time.Second

// readEvery is the pause between two reads of the archive.
const readEvery = 3 * time.Second

// send sends canaries through one Collector until the context is canceled. It waits for the last request,
// because the report needs to know whether the canaries were accepted.
func (d *drill) send(ctx context.Context, c collector) {
	batch := max(1, d.plan.Rate/postsASecond)
	ticks := time.NewTicker(time.Second * time.Duration(batch) / time.Duration(d.plan.Rate))
	defer ticks.Stop()
	for sequence := int64(0); ; sequence += int64(batch) {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		canaries := make([]Canary, batch)
		for i := range canaries {
			canaries[i] = Canary{c.Collector, sequence + int64(i)}
		}
		sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWithin)
		d.ledger.send(canaries, c.region.Send(sending, d.plan.ID, canaries))
		cancel()
	}
}

// settle reads the archive until it has every accepted canary, or until the time limit.
func (d *drill) settle(ctx context.Context) {
	if d.estate.Archive == nil {
		return
	}
	d.logf("reading the archive")
	begun := time.Now()
	ticks := time.NewTicker(readEvery)
	defer ticks.Stop()
	for {
		err := d.estate.Archive.Read(ctx, d.plan.ID, d.ledger.store)
		passed := time.Since(begun)
		switch {
		case err != nil:
			d.problemf("read the archive: %v", err)
			return
		case d.ledger.missing() == 0 && passed >= settleAtLeast, passed >= d.plan.Settle:
			d.readArchive = true
			return
		}
		select {
		case <-ctx.Done():
			d.problemf("interrupted while reading the archive")
			return
		case <-ticks.C:
		}
	}
}
