package pipeline

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	faults = flag.Bool("faults", false, "run all faults (about 5 minutes) instead of a selection")
	outage = flag.Duration("outage", 8*time.Second, "how long a fault lasts")
	rate   = flag.Int("rate", 500, "spans per second, and as many data points and log records")
	extra  = flag.String("region", "", "additional --config for the regions, to compare variants")
)

var signals = []string{Traces, Metrics, Logs}

// rig is a complete small installation under load: one region, two sites, their back ends.
type rig struct {
	plant                      *Plant
	region                     *Node
	primary, backup            *Node
	toPrimary, toBackup        *Link // from the region to the sites
	toOTLP, toS3, toPrometheus *Link // from the sites to the back ends
	load                       *Sender
	duplicatingFaults          int // how many faults may have cut off the acknowledgement of a batch
	lines                      []string
}

// newRig starts everything and waits until the primary has received all signals.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := assemble(t)
	r.sendLoad(t)
	r.awaitArrival(t, r.primary, 20*time.Second)
	return r
}

// assemble starts everything except the load.
func assemble(t *testing.T, regional ...string) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	r := &rig{plant: p}
	r.toOTLP, r.toS3, r.toPrometheus = p.Link(t, p.Host, "4317"), p.Link(t, p.Host, "9000"), p.Link(t, p.Host, "9090")
	stores := Stores{OTLP: r.toOTLP.Address, S3: r.toS3.Address, RemoteWrite: r.toPrometheus.Address, Kafka: p.Direct().Kafka}
	r.primary = p.Central(t, "primary", stores).Start(t)
	r.backup = p.Central(t, "backup", stores).Start(t)
	r.toPrimary, r.toBackup = p.Link(t, r.primary.Address, "4318"), p.Link(t, r.backup.Address, "4318")
	if *extra != "" {
		regional = append(regional, *extra)
	}
	r.region = p.Region(t, [2]string{r.toPrimary.Address, r.toBackup.Address}, regional...).Start(t)
	return r
}

func (r *rig) sendLoad(t *testing.T) {
	t.Helper()
	r.load = SendLoad(t, Load{Endpoint: r.region.Address + ":4317", Rate: *rate, Batch: 50})
}

// awaitArrival returns the time until a site has received more of each signal.
func (r *rig) awaitArrival(t *testing.T, site *Node, limit time.Duration) time.Duration {
	t.Helper()
	before := map[string]float64{}
	for _, signal := range signals {
		before[signal] = site.Accepted(signal)
	}
	return Await(t, limit, "spans, metrics and logs at the "+site.Name, func() bool {
		for _, signal := range signals {
			if site.Accepted(signal) <= before[signal] {
				return false
			}
		}
		return true
	})
}

// awaitAny waits until each signal has arrived at either site.
func (r *rig) awaitAny(t *testing.T, limit time.Duration) time.Duration {
	t.Helper()
	return Await(t, limit, "spans, metrics and logs at either site", func() bool {
		for _, signal := range signals {
			if r.primary.Accepted(signal)+r.backup.Accepted(signal) == 0 {
				return false
			}
		}
		return true
	})
}

func (r *rig) note(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

// hold waits for the duration of a fault, which -outage sets.
func hold() { time.Sleep(*outage) }

// finish calls report, and fails the test if something was lost. Each of duplicatingFaults may duplicate the items of half
// a second: a region's batch fills for 0.2 s. A test of two sites that allows no duplicates must not run in parallel with
// others: on a busy machine a late ping makes a region change its site, which causes duplicates.
func (r *rig) finish(t *testing.T) {
	t.Helper()
	for _, o := range r.report(t, time.Minute) {
		if o.Lost > 0 {
			t.Errorf("%s: %d acknowledged items never arrived at %s", o.Signal, o.Lost, o.Backend)
		}
		if limit := r.duplicatingFaults * *rate / 2; o.Extra > limit {
			t.Errorf("%s: %d items arrived more than once at %s, want at most %d", o.Signal, o.Extra, o.Backend, limit)
		}
	}
}

// report stops the load, waits until everything that was acknowledged has arrived or the limit is reached, and
// prints the numbers.
func (r *rig) report(t *testing.T, limit time.Duration) []Outcome {
	t.Helper()
	outcomes := r.plant.Drain(t, r.load, append(Archives(), Place{Logs, "kafka"}, Place{Metrics, "kafka"}), limit)
	for _, o := range outcomes {
		r.note("%v", o)
		if o.Acked == 0 {
			t.Errorf("%s: nothing was acknowledged", o.Signal)
		}
	}
	for text, n := range r.load.Errors() {
		r.note("%4d errors returned to clients: %s", n, text)
	}
	t.Logf("%s\n    %s", t.Name(), strings.Join(r.lines, "\n    "))
	return outcomes
}
