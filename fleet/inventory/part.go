package inventory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

// The time limit for all pods of a part, and the time until the metrics of suspicious Collectors are read again.
const (
	answersWithin = 3500 * time.Millisecond
	secondReading = time.Second
)

// Part reads a part of a release: its workloads, its pods and their metrics.
func (c *Cluster) Part(ctx context.Context, release Release, component string, port int) (part checks.Answer[checks.Part]) {
	part.Value.Workloads, part.Err = c.Workloads(ctx, release, component)
	c.ReadPart(ctx, release, component, port, &part)
	return part
}

// ReadPart reads the pods of a part with workloads, and their metrics; if wanted is set, only the pods that it selects.
// Suspicious ones are read a second time, and their logs, to distinguish growing counters from single events in the past.
func (c *Cluster) ReadPart(ctx context.Context, release Release, component string, port int, part *checks.Answer[checks.Part], wanted ...func(fleet.Instance) bool) {
	if part.Err != nil || len(part.Value.Workloads) == 0 {
		return
	}
	all, err := c.Instances(ctx, release, component)
	for _, selects := range wanted {
		all = slices.DeleteFunc(all, func(i fleet.Instance) bool { return !selects(i) })
	}
	part.Value.Instances, part.Err = all, err
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(func() { c.ReadMetricsAgain(ctx, all, port, Again{After: secondReading, If: checks.Suspicious}) })
	wait.Go(func() {
		_ = c.ExplainTroubles(ctx, release, all) // without permission to list events, reasons are less specific
	})
	wait.Wait()
}
