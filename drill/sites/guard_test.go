package sites

import (
	"slices"
	"strings"
	"testing"

	"github.com/telepod/telepod/drill"
)

func (e *onControlPlane) guard(t *testing.T) {
	first := Guard{Clusters: []*Cluster{e.Cluster}, Drill: "d1", Operator: "alice@ops"}
	second := Guard{Clusters: []*Cluster{e.Cluster}, Drill: "d2", Operator: "bob@ops"}
	if err := first.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Acquire(t.Context()); err == nil || !strings.Contains(err.Error(), "drill d1 by alice@ops has been running since 20") {
		t.Errorf("a second drill: %v, want it to name the first one", err)
	}
	if err := second.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if got := e.get(t, "lease", "-o", "name"); got == "" {
		t.Error("a drill deleted the Lease of another one")
	}
	if err := first.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if err := second.Acquire(t.Context()); err != nil {
		t.Errorf("after the first one: %v", err)
	}
	// If the second Lease already exists, a guard of two clusters acquires neither.
	other := *e.Cluster
	other.Release.Name = "other"
	both := Guard{Clusters: []*Cluster{&other, e.Cluster}, Drill: "d3"}
	if err := both.Acquire(t.Context()); err == nil {
		t.Error("a guard was acquired although its second Lease already exists")
	}
	if err := (Guard{Clusters: []*Cluster{e.Cluster}}).Clear(t.Context()); err != nil {
		t.Error(err)
	}
	if got := e.get(t, "lease", "-o", "name"); got != "" {
		t.Errorf("Leases %s remain", got)
	}
}

// endedFromElsewhere: a drill whose Lease was deleted or belongs to another drill changes nothing more.
func (e *onControlPlane) endedFromElsewhere(t *testing.T) {
	before := e.uids(t)
	other := Guard{Clusters: []*Cluster{e.Cluster}, Drill: "d9"}
	for range 2 {
		if err := e.central(drill.Kill).Hold(t.Context()); err == nil || !strings.Contains(err.Error(), "drill d1 was ended by telepod drill restore") {
			t.Errorf("hold without a Lease: %v", err)
		}
		if err := other.Acquire(t.Context()); err != nil && !strings.Contains(err.Error(), "drill d9") {
			t.Fatal(err)
		}
	}
	if after := e.uids(t); !slices.Equal(before, after) {
		t.Errorf("pods %v, before %v", after, before)
	}
	if err := other.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
