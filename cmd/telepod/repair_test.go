package main

import (
	"errors"
	"maps"
	"testing"

	"github.com/telepod/telepod/fleet/restart"
)

// TestRepairStopped: the metric keeps its last value while the Lease cannot be read, so that the alert keeps firing.
func TestRepairStopped(t *testing.T) {
	m := newRepairMetrics()
	for _, step := range []struct {
		name  string
		round restart.Round
		err   error
		want  map[string]float64
	}{
		{"no connection yet", restart.Round{}, errors.New("no connection"), map[string]float64{}},
		{"stopped", restart.Round{Asked: true, Stopped: restart.CameBackBare}, nil, map[string]float64{"came-back-bare": 1}},
		{"no connection", restart.Round{}, errors.New("no connection"), map[string]float64{"came-back-bare": 1}},
		{"continues", restart.Round{Asked: true}, nil, map[string]float64{}},
		{"ill", restart.Round{Asked: true, Failed: map[restart.Reason]int{restart.InjectorIll: 1}}, nil, map[string]float64{"injector-ill": 1}},
		{"another reason", restart.Round{Asked: true, Stopped: restart.RolloutFailed}, nil, map[string]float64{"rollout-failed": 1}},
		{"workloads cannot be read", restart.Round{Asked: true}, errors.New("refused"), map[string]float64{}},
	} {
		m.record(step.round, step.err)
		families, err := m.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, family := range families {
			if family.GetName() == "telepod_repair_stopped" {
				for _, metric := range family.GetMetric() {
					got[metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
				}
			}
		}
		if !maps.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}
