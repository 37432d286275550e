package pipeline

import (
	"strings"
	"testing"
)

// A region's queue is full while many clients send, and the sites come back: the queue takes some requests and
// refuses others, in quick turn. In the end it takes everything again.
func TestRegionRecoversFromARush(t *testing.T) {
	r := assemble(t, "yaml:exporters::otlp_grpc/loop::sending_queue::queue_size: 1200000")
	r.mayRepeat = unanswered
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
		Await(t, Patience, "refusals of each signal", func() bool { return refused() > before+1000 })
		r.primary.Start(t)
		r.awaitArrival(t, r.primary, Patience)
		r.primary.Kill(t)
	}
	r.primary.Start(t)
	for _, o := range r.plant.Drain(t, rush, Archives(), Patience) {
		r.note("rush: %v", o)
	}
	r.sendLoad(t)
	r.awaitArrival(t, r.primary, Patience)
	r.finish(t)
	if strings.Contains(r.region.Log(), "nowhere") {
		t.Error("the level that never works, and is tried again and again, writes to the log")
	}
}
