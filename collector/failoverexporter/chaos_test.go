package failoverexporter

import (
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"
)

// chaosTime is how long TestRandomFaults runs; FAILOVER_CHAOS sets another duration, such as 60s.
const chaosTime = 2 * time.Second

// refusing answers everything with 503.
func refusing(w http.ResponseWriter, _ *http.Request, _ signal) bool {
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// Whatever happens to two sites, all accepted data arrives once one of them works. Duplicates come from connections that
// are cut between a request and its answer.
func TestRandomFaults(t *testing.T) {
	limit := chaosTime
	if text := os.Getenv("FAILOVER_CHAOS"); text != "" {
		var err error
		if limit, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	primary, backup := newBackend(t), newBackend(t)
	c := onDisk(batched(testConfig(primary, backup)))
	c.QueueConfig.Get().QueueSize = 1_000_000
	d := newDisk()
	run(t, c, d, func(r *rig) {
		stop := r.stream()
		faults := 0
		for deadline := time.Now().Add(limit); time.Now().Before(deadline); faults++ {
			b := []*backend{primary, backup}[rand.IntN(2)]
			pause := time.Duration(rand.IntN(300)) * time.Millisecond
			switch rand.IntN(4) {
			case 0:
				b.link.cut()
				time.Sleep(pause)
				b.link.mend()
			case 1:
				b.link.freeze()
				time.Sleep(5 * pause) // sometimes long enough for the pings to detect it
				b.link.thaw()
			case 2:
				b.answerWith(refusing)
				time.Sleep(pause)
				b.answerWith(nil)
			default:
				time.Sleep(pause)
			}
		}
		sent := stop()
		eventually(t, "all spans arrive", func() bool { return uint64(len(union(primary, backup))) == sent })
		t.Logf("%d spans through %d faults: 0 lost, %d twice, %d switches", sent, faults, duplicates(union(primary, backup)), r.sum("switches"))
	})
}
