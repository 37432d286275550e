package pipeline

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

func onlyWithFaults(t *testing.T) {
	t.Helper()
	if !*faults && os.Getenv("TELEPOD_FAULTS") == "" {
		t.Skip("one of the long faults; run make faults, or set TELEPOD_FAULTS=1")
	}
}

// onlyOnIdleMachine skips tests that allow no duplicates: on a busy machine, late pings cause some.
func onlyOnIdleMachine(t *testing.T) {
	t.Helper()
	if !*faults {
		t.Skip("counts duplicates, which a busy machine causes; run make faults on an idle machine")
	}
}

func TestRegionKilledWhileBothSitesAreDown(t *testing.T) {
	t.Parallel()
	onlyWithFaults(t)
	r := newRig(t)
	r.duplicatingFaults = 3
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
	onlyOnIdleMachine(t)
	r := newRig(t)
	r.toPrimary.AwaitQuiet(t)
	r.primary.Freeze(t)
	failover := r.awaitArrival(t, r.backup, 20*time.Second)
	r.note("failed over in %v", failover)
	hold()
	r.primary.Thaw(t)
	r.note("returned in %v", r.awaitArrival(t, r.primary, 20*time.Second))
	r.finish(t)
}

func TestPrimaryPartitioned(t *testing.T) {
	onlyOnIdleMachine(t)
	r := newRig(t)
	r.toPrimary.AwaitQuiet(t)
	r.toPrimary.Swallow()
	r.note("failed over in %v", r.awaitArrival(t, r.backup, 20*time.Second))
	hold()
	r.toPrimary.Release()
	r.note("returned in %v", r.awaitArrival(t, r.primary, 20*time.Second))
	r.finish(t)
}

// TestLongPartitionOfPrimary drops the state of old connections, so that only new ones work after the partition.
func TestLongPartitionOfPrimary(t *testing.T) {
	onlyOnIdleMachine(t)
	r := newRig(t)
	r.toPrimary.AwaitQuiet(t)
	r.toPrimary.Swallow()
	r.note("failed over in %v", r.awaitArrival(t, r.backup, 20*time.Second))
	hold()
	r.toPrimary.Cut()
	r.toPrimary.Restore(t)
	r.note("returned in %v", r.awaitArrival(t, r.primary, 20*time.Second))
	r.finish(t)
}

func TestBackendsHang(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	for _, l := range []*Link{r.toOTLP, r.toS3, r.toPrometheus} {
		l.Swallow()
	}
	hold()
	for _, l := range []*Link{r.toOTLP, r.toS3, r.toPrometheus} {
		l.Cut()
		l.Restore(t)
	}
	r.requireNoFailover(t)
	for _, o := range r.report(t, time.Minute) {
		if o.Lost > 0 {
			t.Errorf("lost: %v", o)
		}
		if o.Backend == "s3" && o.Extra > 0 {
			t.Errorf("the archive has more than one object of a batch: %v", o)
		}
	}
}

func TestBackendsDown(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	r.duplicatingFaults = 3
	for _, l := range []*Link{r.toOTLP, r.toS3, r.toPrometheus} {
		l.Cut()
	}
	hold()
	for _, l := range []*Link{r.toOTLP, r.toS3, r.toPrometheus} {
		l.Restore(t)
	}
	r.requireNoFailover(t)
	r.finish(t)
}

// requireNoFailover checks that no data went to the backup: regions must not fail over because a back end fails.
func (r *rig) requireNoFailover(t *testing.T) {
	t.Helper()
	for _, signal := range signals {
		if n := r.backup.Accepted(signal); n > 0 {
			t.Errorf("%v %s went to the backup", n, signal)
		}
	}
}

// TestRegionRecoversFromRepeatedlyFullQueue restarts a site several times while many clients send and a region's queue is
// full, so the queue accepts and rejects requests in rapid succession. It must not lose anything that it accepted, and
// in the end it must accept everything again.
func TestRegionRecoversFromRepeatedlyFullQueue(t *testing.T) {
	r := assemble(t, "yaml:exporters::otlp_failover::sending_queue::queue_size: 1200000")
	r.duplicatingFaults = 4 * 20 // the primary is killed four times, and clients send 20 times the usual load
	r.primary.Kill(t)
	r.backup.Kill(t)
	rush := SendLoad(t, Load{Endpoint: r.region.Address + ":4317", Rate: 4000, Batch: 10, After: 100_000_000})
	refused := func() int {
		of := map[string]int{}
		for text, n := range rush.Errors() {
			signal, _, _ := strings.Cut(text, ":")
			of[signal] += n
		}
		return min(of[Traces], of[Metrics], of[Logs])
	}
	for range 3 {
		before := refused()
		Await(t, Patience, "rejected requests of each signal", func() bool { return refused() > before+1000 })
		r.primary.Start(t)
		r.awaitArrival(t, r.primary, Patience)
		r.primary.Kill(t)
	}
	r.primary.Start(t)
	for _, o := range r.plant.Drain(t, rush, Archives(), Patience) {
		r.note("many clients: %v", o)
		if o.Lost > 0 {
			t.Errorf("%s: %d acknowledged items of the many clients never arrived at %s", o.Signal, o.Lost, o.Backend)
		}
	}
	r.sendLoad(t)
	r.awaitArrival(t, r.primary, Patience)
	r.finish(t)
}

// TestMalformedRequestsBlockNoOthers sends requests that are empty, not UTF-8, at the size limit, and above it.
func TestMalformedRequestsBlockNoOthers(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	invalid, large := uint64(1<<62), uint64(1<<62+1)
	for name, poison := range map[string][]byte{
		"empty":         {},
		"not UTF-8":     bytes.ReplaceAll(ofSize(t, invalid, 1<<10), []byte("xx"), []byte("\xff\xfe")),
		"just accepted": ofSize(t, large, 4<<20-2000),
		"too large":     ofSize(t, 1<<62+2, 4<<20),
	} {
		resp, err := http.Post("http://"+r.region.Address+":4318/v1/traces", "application/x-protobuf", bytes.NewReader(poison))
		if err != nil {
			t.Fatalf("send a request that is %s: %v", name, err)
		}
		resp.Body.Close()
		r.note("%s: %s", name, resp.Status)
	}
	Await(t, 30*time.Second, "the accepted requests", func() bool {
		arrived := r.plant.Tally(t, "s3", Traces)
		return arrived[invalid] == 1 && arrived[large] == 1
	})
	r.requireNoFailover(t)
	r.finish(t)
}

// ofSize returns a request of one span, with this number and an attribute of this size.
func ofSize(t *testing.T, number uint64, size int) []byte {
	t.Helper()
	request := spans(number, 1)
	s := request.ResourceSpans[0].ScopeSpans[0].Spans[0]
	s.Attributes = append(s.Attributes, text("filling", strings.Repeat("x", size)))
	encoded, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// TestRepeatedKills kills a process every few seconds under load, and restarts it.
func TestRepeatedKills(t *testing.T) {
	t.Parallel()
	onlyWithFaults(t)
	r := newRig(t)
	r.duplicatingFaults = 4 // of nine kills: few happen between storing a batch and its acknowledgement
	for range 3 {
		for _, n := range []*Node{r.primary, r.region, r.backup} {
			n.Kill(t)
			time.Sleep(*outage / 4)
			n.Start(t)
			time.Sleep(*outage / 4)
		}
	}
	r.finish(t)
}
