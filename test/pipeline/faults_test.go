package pipeline

import (
	"testing"
	"time"
)

func onlyWithFaults(t *testing.T) {
	t.Helper()
	if !*faults {
		t.Skip("one of the long faults; run with -faults")
	}
}

func TestPrimaryKilled(t *testing.T) {
	r := newRig(t)
	r.primary.Kill(t)
	r.note("failed over in %v", r.awaitArrival(t, r.backup, 10*time.Second))
	hold()
	r.primary.Start(t)
	r.note("came back in %v", r.awaitArrival(t, r.primary, 10*time.Second))
	r.finish(t)
}

func TestBothSitesKilled(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	r.primary.Kill(t)
	r.backup.Kill(t)
	hold()
	r.primary.Start(t)
	r.backup.Start(t)
	r.note("resumed in %v", r.awaitAny(t, 10*time.Second))
	r.finish(t)
}

func TestRegionKilledWhileBothSitesAreDown(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	r.primary.Kill(t)
	r.backup.Kill(t)
	hold()
	r.region.Kill(t)
	r.region.Start(t)
	hold()
	r.primary.Start(t)
	r.backup.Start(t)
	r.note("resumed in %v", r.awaitAny(t, 10*time.Second))
	r.finish(t)
}

func TestPrimaryHangs(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	r.primary.Freeze(t)
	failover := r.awaitArrival(t, r.backup, 20*time.Second)
	r.note("failed over in %v", failover)
	hold()
	r.primary.Thaw(t)
	r.note("came back in %v", r.awaitArrival(t, r.primary, 20*time.Second))
	r.finish(t)
}

func TestPrimaryPartitioned(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	r.toPrimary.Swallow()
	r.note("failed over in %v", r.awaitArrival(t, r.backup, 20*time.Second))
	hold()
	r.toPrimary.Release()
	r.note("came back in %v", r.awaitArrival(t, r.primary, 20*time.Second))
	r.finish(t)
}
