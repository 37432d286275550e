package main

import (
	"context"
	"fmt"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/report"
)

// The load of each region, in spans a second, and the rate at which a site counts as used.
const (
	loadRate = 50
	used     = 3 * loadRate / 3
)

// outage is how long the primary stays down; calm is how long the timeline shows normal operation before.
const (
	outage = 15 * time.Second
	calm   = 5 * time.Second
)

func (t *story) kill(ctx context.Context) (string, func(), error) {
	if err := t.settle(ctx); err != nil {
		return "", nil, err
	}
	if err := t.overview(ctx, "primary"); err != nil {
		return "", nil, err
	}
	if err := pause(ctx, calm); err != nil {
		return "", nil, err
	}
	at, err := t.estate.KillPrimary(ctx)
	if err != nil {
		return "", nil, err
	}
	t.mark(report.Failure, "primary killed", at)
	over, err := t.received(ctx, "backup", at)
	if err != nil {
		return "", nil, err
	}
	if err := t.overview(ctx, "backup"); err != nil {
		return "", nil, err
	}
	const unusable = "the primary site is not usable from 1 of 1 Collectors"
	first, err := t.diagnose(ctx, breakage{name: "site down", at: t.estate.Primary(), cause: "statefulset/telepod-central is scaled to zero",
		across: map[*clouds.Site]string{t.estate.Sites()[1]: unusable, t.estate.Sites()[2]: unusable}})
	if err != nil {
		return "", nil, err
	}
	if err := pause(ctx, time.Until(at.Add(outage))); err != nil {
		return "", nil, err
	}
	if err := t.estate.Shell(ctx, first.Repair); err != nil {
		return "", nil, err
	}
	if err := t.estate.StartPrimary(ctx); err != nil {
		return "", nil, err
	}
	ready := time.Now()
	t.mark(report.Return, "primary is ready", ready)
	back, err := t.received(ctx, "primary", ready)
	if err != nil {
		return "", nil, err
	}
	t.timed("killed", over, back)
	return fmt.Sprintf("kill -9 of its processes: the backup received data after %.1f s; %.0f s later the primary was ready, and in use again after %.1f s",
		over.Seconds(), ready.Sub(at).Seconds(), back.Seconds()), nil, nil
}

func (t *story) partition(ctx context.Context) (string, func(), error) {
	if err := t.settle(ctx); err != nil {
		return "", nil, err
	}
	at := time.Now()
	if err := t.estate.CutPrimary(ctx); err != nil {
		return "", nil, err
	}
	t.mark(report.Failure, "primary cut off", at)
	over, err := t.received(ctx, "backup", at)
	if err != nil {
		return "", nil, err
	}
	if err := pause(ctx, time.Until(at.Add(outage))); err != nil {
		return "", nil, err
	}
	joined := time.Now()
	if err := t.estate.JoinPrimary(ctx); err != nil {
		return "", nil, err
	}
	t.mark(report.Return, "primary joined", joined)
	back, err := t.received(ctx, "primary", joined)
	if err != nil {
		return "", nil, err
	}
	t.timed("cut off", over, back)
	return fmt.Sprintf("packets to it were dropped: the backup received data after %.1f s; after reconnection, the primary was in use again after %.1f s", over.Seconds(), back.Seconds()), nil, nil
}

// timed records the times. They only need to be below a minute: this machine may be busy.
func (t *story) timed(how string, over, back time.Duration) {
	t.row("primary "+how+": time to fail over", fmt.Sprintf("%.1f s", over.Seconds()), "until the backup receives data, measured every half second", over < time.Minute)
	t.row("primary "+how+": time to return", fmt.Sprintf("%.1f s", back.Seconds()), "until the recovered primary receives data", back < time.Minute)
}

// cut cuts the links of the most distant region. Its Collector keeps everything on disk.
func (t *story) cut(ctx context.Context) (string, func(), error) {
	if err := t.settle(ctx); err != nil {
		return "", nil, err
	}
	const length = time.Minute
	region := t.estate.Sites()[2]
	at := time.Now()
	before := t.queued(region)
	t.estate.CutRegion(region.Cloud)
	t.mark(report.Failure, region.Region+" cut off", at)
	lost := breakage{name: "region cut off", at: region, cause: " site is not usable from 1 of 1 Collectors",
		across: map[*clouds.Site]string{t.estate.Backup(): "the backup site cannot take over: 1 of 1 Collectors of " + region.Place.Cluster + " cannot reach it"}}
	if _, err := t.diagnose(ctx, lost); err != nil {
		return "", nil, err
	}
	if err := pause(ctx, time.Until(at.Add(length))); err != nil {
		return "", nil, err
	}
	grown := t.queued(region)
	if err := t.estate.JoinRegion(region.Cloud); err != nil {
		return "", nil, err
	}
	mended := time.Now()
	t.mark(report.Return, region.Region+" joined", mended)
	err := await.Success(ctx, patience, func(context.Context) error {
		if now := t.queued(region); now > before+grown/10 {
			return fmt.Errorf("%.0f bytes wait on the disk of %s", now, region.Place.Cluster)
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	drained := time.Since(mended)
	t.row("region cut off: queue on disk", fmt.Sprintf("%.0f kB", grown/1000), fmt.Sprintf("after %s; drained %.1f s after the link was restored", length, drained.Seconds()), grown > before+10_000)
	return fmt.Sprintf("%s queued %.0f kB on its disk, and sent it within %.1f s", region.Region, grown/1000, drained.Seconds()), nil, nil
}

// settle waits until only the primary has received the load, from all regions, for two seconds.
func (t *story) settle(ctx context.Context) error {
	const samples = 4
	return await.Success(ctx, patience, func(context.Context) error {
		seen := t.watch.Samples()
		for _, s := range seen[max(0, len(seen)-samples):] {
			if s.Received["primary"] < used/2 || s.Received["backup"] >= used/10 {
				return fmt.Errorf("the primary receives %.0f spans a second, the backup %.0f", s.Received["primary"], s.Received["backup"])
			}
		}
		if len(seen) < samples {
			return errNoData
		}
		return nil
	})
}

// received waits until a site receives the load, and returns how long after a given moment that happened.
func (t *story) received(ctx context.Context, role string, after time.Time) (took time.Duration, err error) {
	err = await.Success(ctx, patience, func(context.Context) error {
		for _, s := range t.watch.Samples() {
			if s.At.After(after) && s.Received[role] >= used {
				took = s.At.Sub(after)
				return nil
			}
		}
		return fmt.Errorf("the %s site does not receive %d spans a second", role, used)
	})
	return took, err
}

// queued is the size of a region's disk queue, in bytes.
func (t *story) queued(s *clouds.Site) float64 {
	samples := t.watch.Samples()
	if len(samples) == 0 {
		return 0
	}
	return samples[len(samples)-1].Queue[s.Place.Cluster]
}

func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(length):
		return nil
	}
}
