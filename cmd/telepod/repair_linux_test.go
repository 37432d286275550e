//go:build !injector

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet/rollout"
	"github.com/telepod/telepod/test/install"
)

// repairValues make the controller run a round every second, with pods of any age.
const repairValues = `
cloud: {provider: aws, region: us-east-1, account: "123456789012"}
cluster: {name: prod-use1}
environment: production
injector:
  repair:
    enabled: true
    states: [bare, stale]
    evictionsPerHour: 100000
    args: [--interval=1s, --settle=0s, --poll=500ms, --deadline=30s]
`

// repair runs the chart's controller, with only the permissions that the chart grants.
func (n *onNode) repair(t *testing.T) {
	// Bare pods of earlier tests must not interfere.
	n.kubectl(t, "delete", "namespace", "again", "stuck", "shop")
	if err := install.Telepod(t.Context(), n.admin, install.Options{Values: repairValues}); err != nil {
		t.Fatal(err)
	}
	n.bare(t, "gentle")
	t.Run("evicts one pod after the other", n.repairs)
	t.Run("evicts nothing without an injector", n.repairsNothing)
	t.Run("stops when a pod comes back bare", n.repairStops)
	t.Run("continues once the annotation is removed", n.repairGoesOn)
	t.Run("creates no pod", n.repairCreatesNoPod)
}

// repairPod waits for the controller's pod, and returns its name.
func (n *onNode) repairPod(t *testing.T) string {
	t.Helper()
	n.kubectl(t, "-n", install.Namespace, "rollout", "status", "deployment/telepod-repair", "--timeout=90s")
	var names []string
	eventually(t, "one pod of the controller runs", func() bool {
		names = strings.Fields(n.kubectl(t, "-n", install.Namespace, "get", "pods", "-l", "app.kubernetes.io/component=repair", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}"))
		return len(names) == 1
	})
	return names[0]
}

// metrics returns the metrics of the controller, by name and labels.
func (n *onNode) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	text := n.kubectl(t, "get", "--raw", "/api/v1/namespaces/"+install.Namespace+"/pods/"+n.repairPod(t)+":8080/proxy/metrics")
	found := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(name, "#") {
			found[name] = number
		}
	}
	return found
}

// rounds waits for that many more rounds of the controller.
func (n *onNode) rounds(t *testing.T, more float64) map[string]float64 {
	t.Helper()
	const name = `telepod_repair_rounds_total{outcome="ok"}`
	first := n.metrics(t)[name]
	var metrics map[string]float64
	eventually(t, "the controller runs more rounds", func() bool {
		metrics = n.metrics(t)
		return metrics[name] >= first+more
	})
	return metrics
}

// events counts the controller's events in a namespace by reason.
func (n *onNode) events(t *testing.T, namespace string) map[string]int {
	t.Helper()
	var list struct {
		Items []struct {
			Reason string
			Count  int
		}
	}
	if err := json.Unmarshal([]byte(n.kubectl(t, "-n", namespace, "get", "events", "--field-selector=source=telepod-repair", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, e := range list.Items {
		counts[e.Reason] += e.Count
	}
	return counts
}

func (n *onNode) repairs(t *testing.T) {
	untouched := n.uids(t, "gentle", "app in (guarded,quiet,lonely,manual)")
	eventually(t, "every workload that may be repaired is repaired", func() bool { return slices.Equal(n.outOfDate(t, "gentle"), leftAlone()) })
	metrics := n.rounds(t, 3)
	want := map[string]int{"evicted": 3 + 2 + 1, "repaired": 3}
	eventually(t, "each action is an event", func() bool { return maps.Equal(n.events(t, "gentle"), want) })
	if now := n.uids(t, "gentle", "app in (guarded,quiet,lonely,manual)"); fresh(now, untouched) != 0 || len(now) != len(untouched) {
		t.Error("pods were replaced that must not be changed")
	}
	for name, value := range map[string]float64{
		`telepod_repair_actions_total{reason="evicted"}`: 6, `telepod_repair_leader`: 1,
		`telepod_repair_left_alone{reason="opted-out"}`: 1, `telepod_repair_left_alone{reason="on-delete"}`: 1, `telepod_repair_left_alone{reason="no-rollout"}`: 1, `telepod_repair_left_alone{reason="budget-blocked"}`: 1,
	} {
		if metrics[name] != value {
			t.Errorf("%s is %v, want %v", name, metrics[name], value)
		}
	}
}

// repairsNothing: without an injector, no pod is evicted in any round.
func (n *onNode) repairsNothing(t *testing.T) {
	n.scaleInjector(t, 0)
	before := n.bare(t, "away")
	var metrics map[string]float64
	eventually(t, "the controller finds the injector ill", func() bool {
		metrics = n.rounds(t, 2)
		return metrics[`telepod_repair_stopped{reason="injector-ill"}`] == 1
	})
	if n := fresh(n.uids(t, "away", ""), before); n != 0 {
		t.Errorf("%d pods were evicted", n)
	}
	n.scaleInjector(t, 2)
	// All six are there again before the next step breaks the injector.
	eventually(t, "it continues automatically", func() bool {
		return fresh(n.uids(t, "away", ""), before) == 6 && slices.Equal(n.outOfDate(t, "away"), leftAlone())
	})
}

func (n *onNode) stopped(t *testing.T) string {
	t.Helper()
	return n.kubectl(t, "-n", install.Namespace, "get", "lease", "telepod-repair", "-o", `jsonpath={.metadata.annotations.telepod\.dev/repair-stopped}`)
}

// repairStops: trial pods are injected and real ones are not. That costs one pod, even if the controller restarts.
func (n *onNode) repairStops(t *testing.T) {
	n.breakInjector(t, true)
	before := n.bare(t, "broken")
	eventually(t, "repair has stopped", func() bool { return n.stopped(t) != "" })
	if text := n.stopped(t); !strings.HasPrefix(text, "came-back-bare: DaemonSet/agent in namespace broken at ") {
		t.Error(text)
	}
	n.kubectl(t, "-n", install.Namespace, "delete", "pod", n.repairPod(t))
	if metrics := n.rounds(t, 5); metrics[`telepod_repair_stopped{reason="came-back-bare"}`] != 1 || metrics[`telepod_repair_actions_total{reason="evicted"}`] != 0 {
		t.Errorf("%v", metrics)
	}
	if n := fresh(n.uids(t, "broken", ""), before); n != 1 {
		t.Errorf("%d pods were replaced, want 1", n)
	}
	if got := n.events(t, "broken"); got["evicted"] != 1 || got["came-back-bare"] != 1 {
		t.Errorf("events: %v", got)
	}
}

func (n *onNode) repairGoesOn(t *testing.T) {
	n.breakInjector(t, false)
	n.kubectl(t, "-n", install.Namespace, "annotate", "lease", "telepod-repair", rollout.StopAnnotation+"-")
	eventually(t, "the rest is repaired", func() bool { return slices.Equal(n.outOfDate(t, "broken"), leftAlone()) })
	if metrics := n.rounds(t, 1); metrics[`telepod_repair_stopped{reason="came-back-bare"}`] != 0 {
		t.Errorf("%v", metrics)
	}
}

// repairCreatesNoPod: the controller's account may create pods, and the policy allows only dry runs.
func (n *onNode) repairCreatesNoPod(t *testing.T) {
	as := fmt.Sprintf("--as=system:serviceaccount:%s:telepod-repair", install.Namespace)
	args := []string{"-n", "default", "run", "forbidden", "--image=telepod.test/app:1", "--overrides", `{"spec": {"automountServiceAccountToken": false}}`, as}
	if _, err := n.admin.Kubectl(t.Context(), args...); err == nil || !strings.Contains(err.Error(), "creates pods as dry runs only") {
		t.Errorf("%v, want the policy's refusal", err)
	}
	if _, err := n.admin.Kubectl(t.Context(), append(args, "--dry-run=server")...); err != nil {
		t.Error(err)
	}
	for _, what := range [][]string{{"patch", "deployments"}, {"delete", "pods"}, {"get", "secrets"}} {
		if out, err := n.admin.Kubectl(t.Context(), "auth", "can-i", what[0], what[1], "-A", as); err == nil {
			t.Errorf("it can %s %s: %s", what[0], what[1], out)
		}
	}
}
