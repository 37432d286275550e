package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

func TestIdentityOf(t *testing.T) {
	for _, test := range []struct {
		kind, api, name, hash string
		want                  string
	}{
		{"ReplicaSet", "apps/v1", "web-5d8f", "5d8f", "Deployment/web"},
		{"ReplicaSet", "apps/v1", "web", "", "ReplicaSet/web"},
		{"StatefulSet", "apps/v1", "db", "", "StatefulSet/db"},
		{"Job", "batch/v1", "nightly-29000000", "", "CronJob/nightly"},
		{"CloneSet", "apps.kruise.io/v1alpha1", "web", "", "CloneSet/web"},
		{"", "", "", "", "Pod/web-0"},
		{"StatefulSet", "apps/v1", "x; rm -rf ~", "", "Pod/web-0"},
		{"Set\n# x", "apps/v1", "x", "", "Pod/web-0"},
	} {
		pod := &injector.Pod{Metadata: injector.Metadata{Name: "web-0", Namespace: "shop", Labels: map[string]string{"pod-template-hash": test.hash}}}
		if test.kind != "" {
			pod.Metadata.OwnerReferences = []injector.OwnerReference{{APIVersion: test.api, Kind: test.kind, Name: test.name, Controller: true}}
		}
		id := fleet.IdentityOf(pod)
		if got := id.Kind + "/" + id.Name; got != test.want || id.Namespace != "shop" {
			t.Errorf("%s %s: got %s in %s, want %s", test.kind, test.name, got, id.Namespace, test.want)
		}
	}
}

// TestInventory: a workload gets the worst state of its pods, and the reason of the oldest pod in it.
func TestInventory(t *testing.T) {
	var i fleet.Inventory
	add := func(name string, states ...fleet.State) {
		for n, state := range states {
			i.Add(fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: name},
				fleet.Finding{State: state, Created: created.Add(-time.Duration(n) * time.Hour), Why: string(state) + strings.Repeat("!", n)})
		}
	}
	add("web", fleet.Current, fleet.Stale, fleet.Bare, fleet.Stale, fleet.Bare, fleet.Current)
	add("fine", fleet.Current, fleet.Outside)
	add("apart", fleet.Outside)
	add("ahead", fleet.Stale)
	got := []fleet.Workload{}
	for _, w := range i.Problems() {
		got = append(got, *w)
	}
	want := []fleet.Workload{
		{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "ahead"}, State: fleet.Stale, Why: "stale", Since: created, Affected: 1, Pods: 1},
		{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}, State: fleet.Bare, Why: "bare!!!!", Since: created.Add(-4 * time.Hour), Affected: 2, Pods: 6},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRepairOf(t *testing.T) {
	for _, test := range []struct {
		kind     string
		state    fleet.State
		template fleet.Template
		command  string
		note     string
	}{
		{"Deployment", fleet.Stale, fleet.Template{}, "kubectl -n shop rollout restart deployment/web", ""},
		{"Deployment", fleet.Bare, fleet.Template{Paused: true}, "kubectl -n shop rollout restart deployment/web", "paused"},
		{"Deployment", fleet.Stale, fleet.Template{Injected: true}, "", "a restart has no effect"},
		{"Deployment", fleet.Refused, fleet.Template{}, "", "before any restart"},
		{"Deployment", fleet.Current, fleet.Template{}, "", ""},
		{"DaemonSet", fleet.Stale, fleet.Template{OnDelete: true}, "kubectl -n shop rollout restart daemonset/web", "OnDelete"},
		{"Rollout", fleet.Stale, fleet.Template{}, "kubectl argo rollouts -n shop restart web", ""},
		{"CronJob", fleet.Stale, fleet.Template{}, "", "next run"},
		{"CloneSet", fleet.Bare, fleet.Template{}, "", "tool that manages CloneSet"},
		{"Pod", fleet.Bare, fleet.Template{}, "", "no controller"},
	} {
		got := fleet.RepairOf(fleet.Identity{Namespace: "shop", Kind: test.kind, Name: "web"}, test.state, test.template, "")
		if got.Command != test.command || !strings.Contains(got.Note, test.note) || (test.note == "") != (got.Note == "") {
			t.Errorf("%s %s %+v: %+v, want %q with a note on %q", test.kind, test.state, test.template, got, test.command, test.note)
		}
	}
	for kind, want := range map[string]string{
		"Deployment": "kubectl --context prod -n shop rollout restart deployment/web",
		"Rollout":    "kubectl argo rollouts --context prod -n shop restart web",
	} {
		if got := fleet.RepairOf(fleet.Identity{Namespace: "shop", Kind: kind, Name: "web"}, fleet.Stale, fleet.Template{}, " --context prod"); got.Command != want {
			t.Errorf("%q, want %q", got.Command, want)
		}
	}
}

// TestAddress: neither a password nor a query is printed, whether the address is a URL or not.
func TestAddress(t *testing.T) {
	const hidden = "(not shown: it may have a password)"
	for address, want := range map[string]string{
		"https://user:secret@host:4318/v1?key=secret#secret": "https://host:4318/v1",
		"https://user:s%zz@host":                             "https://host",
		"user:secret@host:4317":                              "host:4317",
		"https:user:secret@host":                             "host",
		"https://user:s@cret@host/path":                      "https://host/path",
		"user:secret@host://x":                               "host://x",
		"host:4317?key=secret":                               "host:4317",
		"https://host?key=secret":                            "https://host",
		"https://user:sec/ret@host":                          hidden,
		"https://user:sec?ret@host":                          hidden,
		"https://user:sec#ret@host":                          hidden,
		"//user:secret@host":                                 hidden,
		"http://$(K8S_NODE_IP):4317":                         "http://$(K8S_NODE_IP):4317",
		"dns:///collector:4317":                              "dns:///collector:4317",
		"http://[fd00::1]:4317":                              "http://[fd00::1]:4317",
		"node":                                               "node",
		"":                                                   "",
		"host\x1b[2J":                                        `"host\x1b[2J"`,
	} {
		if got := fleet.Address(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
