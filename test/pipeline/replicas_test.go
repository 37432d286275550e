package pipeline

import (
	"testing"
	"time"
)

// TestAddedReplicaReceivesLoad adds a replica behind a load balancer. It must receive data from a region that is already
// connected, because a site closes connections after a while. Nothing may be lost.
func TestAddedReplicaReceivesLoad(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	replica := func(name string) *Node {
		site := p.Central(t, name, p.Direct())
		site.run.Configs = append(site.run.Configs, "yaml:receivers::otlp_mux::connections::max_age: 2s")
		return site.Start(t)
	}
	first := replica("site-0")
	balancer := p.Link(t, first.Address, "4318")
	region := p.Region(t, [2]string{balancer.Address, p.Address() + ":4318"}).Start(t)
	r := &rig{plant: p, region: region, primary: first}
	r.sendLoad(t)
	r.awaitArrival(t, first, Patience)
	second := replica("site-1")
	balancer.AddTarget(second.Address + ":4318")
	took := r.awaitArrival(t, second, 30*time.Second) // a busy region also reconnects without that, later
	t.Logf("the new replica received load after %v; connections close after 2s", took.Round(time.Second/10))
	for _, o := range p.Drain(t, r.load, Archives(), Patience) {
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%v", o)
		}
	}
}
