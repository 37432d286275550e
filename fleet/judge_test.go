package fleet_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

var created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// pod returns a pod from the API server, with the annotation of its injection if status is not empty.
func pod(t *testing.T, status string, annotations map[string]string) *fleet.Pod {
	t.Helper()
	all := map[string]string{}
	for key, value := range annotations {
		all[key] = value
	}
	if status != "" {
		all[injector.StatusAnnotation] = status
	}
	raw, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": "web-0", "namespace": "shop", "creationTimestamp": created.Format(time.RFC3339), "annotations": all},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "app"}}},
		"status":   map[string]any{"phase": "Running", "hostIP": "2001:db8::1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := fleet.ReadPod(raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func judge(t *testing.T, strict bool) (fleet.Judge, string) {
	t.Helper()
	set, err := profiles.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	in, err := injector.New(set, injector.Options{DefaultProfile: "aws", Strict: strict, Policy: injector.Policy{ProtectedNamespaces: []string{"telepod"}}})
	if err != nil {
		t.Fatal(err)
	}
	aws, _ := set.Lookup("aws")
	return fleet.Judge{Injector: in}, aws.Hash
}

// TestPod is the table of states.
func TestPod(t *testing.T) {
	_, hash := judge(t, false)
	status := func(profile, hash string) string {
		return `{"profile":"` + profile + `","hash":"` + hash + `","containers":["app"]}`
	}
	wrong := map[string]string{"telepod.dev/protocol": "http"}
	for _, test := range []struct {
		name        string
		status      string
		annotations map[string]string
		label       string
		revision    string
		labelled    time.Time
		exactly     bool
		installed   time.Time
		absent      bool
		strict      bool
		want        fleet.State
		why         string
	}{
		{name: "current", status: status("aws", hash), label: "enabled", want: fleet.Current},
		{name: "older content", status: status("aws", "0123456789ab"), label: "enabled", want: fleet.Stale, why: "profile aws changed: content 0123456789ab, now " + hash},
		{name: "another profile", status: status("base", hash), label: "enabled", want: fleet.Stale, why: "has profile base@" + hash + "; a new pod would get aws@" + hash},
		{name: "the pod chooses another", status: status("aws", hash), annotations: map[string]string{injector.ProfileAnnotation: "gcp"}, label: "enabled", want: fleet.Stale, why: "a new pod would get gcp@"},
		{name: "unreadable", status: "yes", label: "enabled", want: fleet.Stale, why: "cannot be read"},
		{name: "hostile", status: status("\\u001b[2J", strings.Repeat("x", 5000)), label: "enabled", want: fleet.Stale, why: `has profile "\x1b[2J"@xxx`},
		{name: "bare", label: "enabled", want: fleet.Bare, why: "created while the webhook did not answer"},
		{name: "bare, without an injector", label: "enabled", absent: true, want: fleet.Bare, why: "created at 2026-03-01 12:00:00Z, probably while the webhook did not answer: the injector has no ready pod now"},
		{name: "bare, older than the label", label: "enabled", labelled: created.Add(time.Second), want: fleet.Bare, why: "created at 2026-03-01 12:00:00Z, probably before its namespace was labelled (2026-03-01 12:00:01Z or earlier)"},
		{name: "bare, older than a label with a separate manager", label: "enabled", labelled: created.Add(time.Second), exactly: true, want: fleet.Bare, why: "created at 2026-03-01 12:00:00Z, before its namespace was labelled (2026-03-01 12:00:01Z)"},
		{name: "bare, younger than the label", label: "enabled", labelled: created.Add(-time.Hour), want: fleet.Bare, why: "created while"},
		{name: "bare, older than Telepod", label: "enabled", labelled: created.Add(time.Hour), installed: created.Add(2 * time.Hour), want: fleet.Bare, why: "before Telepod was installed (2026-03-01 14:00:00Z)"},
		{name: "bare despite its own annotation, with any label", annotations: map[string]string{injector.InjectKey: "true"}, labelled: created.Add(time.Hour), want: fleet.Bare, why: "created while"},
		{name: "of another release", label: "enabled", revision: "canary", want: fleet.Outside, why: "revision canary"},
		{name: "opts out", annotations: map[string]string{injector.InjectKey: "false"}, label: "enabled", want: fleet.Outside, why: "pod-disabled"},
		{name: "not opted in", want: fleet.Outside, why: "default-disabled"},
		{name: "no longer opted in", status: status("aws", "0123456789ab"), want: fleet.Current, why: "a new pod would not be injected: default-disabled"},
		{name: "refused", annotations: wrong, label: "enabled", strict: true, want: fleet.Refused, why: "a new pod would be refused: "},
		{name: "refused, but current", status: status("aws", hash), annotations: wrong, label: "enabled", strict: true, want: fleet.Current},
	} {
		t.Run(test.name, func(t *testing.T) {
			j, _ := judge(t, test.strict)
			j.Installed, j.Absent = test.installed, test.absent
			ns := fleet.Namespace{Namespace: injector.Namespace{Name: "shop", Labels: map[string]string{}}, Labelled: test.labelled, Exactly: test.exactly}
			if test.label != "" {
				ns.Labels[injector.InjectionLabel] = test.label
			}
			if test.revision != "" {
				ns.Labels[fleet.RevisionLabel] = test.revision
			}
			p := pod(t, test.status, test.annotations)
			got := j.Pod(p, ns)
			if got.State != test.want || !strings.Contains(got.Why, test.why) || got.Name != "web-0" || !got.Created.Equal(created) {
				t.Errorf("got %+v, want %s because %q", got, test.want, test.why)
			}
			if len(got.Why) > 600 || strings.ContainsRune(got.Why, '\x1b') {
				t.Errorf("not fit for a terminal: %q", got.Why)
			}
			if _, kept := p.Metadata.Annotations[injector.StatusAnnotation]; kept != (test.status != "") {
				t.Error("the pod was changed")
			}
		})
	}
}

// TestMistakes: settings that Telepod ignores, or that are for another cloud, do not make a pod out of date.
func TestMistakes(t *testing.T) {
	j, _ := judge(t, false)
	ns := fleet.Namespace{Namespace: injector.Namespace{Name: "shop", Labels: map[string]string{injector.InjectionLabel: "enabled"}}}
	for _, test := range []struct {
		annotations map[string]string
		env         injector.Variable
		want        string
	}{
		{nil, injector.Variable{}, ""},
		{map[string]string{injector.ProfileAnnotation: "gpc"}, injector.Variable{}, `unknown-profile: pod annotation telepod.dev/profile = "gpc": no such profile; ignored (did you mean "gcp"?)`},
		{map[string]string{injector.ProfileAnnotation: "azure"}, injector.Variable{}, "contradiction: profile azure, which the pod chooses, is for the cloud azure; the cluster's default profile aws is for aws"},
		{map[string]string{injector.ProfileAnnotation: "base"}, injector.Variable{}, ""},
		{nil, injector.Variable{Name: "CLOUD_PROVIDER", Value: "gcp"}, "contradiction: container app sets CLOUD_PROVIDER=gcp itself; the cluster's default profile is for aws"},
		{nil, injector.Variable{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "team=x, cloud.provider=gcp"}, "contradiction: container app sets cloud.provider=gcp itself; the cluster's default profile is for aws"},
		{nil, injector.Variable{Name: "CLOUD_PROVIDER", Value: "aws"}, ""},
		{nil, injector.Variable{Name: "CLOUD_PROVIDER", Sourced: true}, ""},
	} {
		p := pod(t, "", test.annotations)
		p.Spec.Containers[0].Env = []injector.Variable{test.env}
		var found fleet.Inventory
		found.Add(fleet.IdentityOf(p.Pod), j.Pod(p, ns))
		got := ""
		for _, w := range found.Remarkable() {
			got += strings.Join(w.Mistakes, "\n")
		}
		if got != test.want {
			t.Errorf("%v %v: %q, want %q", test.annotations, test.env, got, test.want)
		}
	}
}

func TestReadPod(t *testing.T) {
	p := pod(t, "", nil)
	if p.Ended || !p.NodeIPv6 {
		t.Errorf("%+v, want a running pod on a node with IPv6", p)
	}
	for _, raw := range []string{
		`{"metadata":{"name":"a"},"spec":{"containers":[]},"status":{"phase":"Succeeded"}}`,
		`{"metadata":{"name":"a","deletionTimestamp":"2026-03-01T12:00:00Z"},"spec":{"containers":[]},"status":{"phase":"Running"}}`,
	} {
		if p, err := fleet.ReadPod([]byte(raw)); err != nil || !p.Ended {
			t.Errorf("%s: %+v, %v, want it ended", raw, p, err)
		}
	}
	if _, err := fleet.ReadPod([]byte(`{"metadata":{"name":1}}`)); err == nil {
		t.Error("no error for a name that is a number")
	}
}

// TestCondition: whether a pod runs, and whether it can send anything.
func TestCondition(t *testing.T) {
	const crash = `{"name": "app", "restartCount": 12, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}`
	for _, test := range []struct {
		status string
		want   fleet.Condition
	}{
		{`{"phase": "Running", "containerStatuses": [{"name": "app", "ready": true, "restartCount": 1, "state": {"running": {}}}]}`, fleet.Condition{Reason: "running", Restarts: 1, Well: true}},
		{`{"phase": "Running", "containerStatuses": [` + crash + `]}`, fleet.Condition{Reason: "CrashLoopBackOff (container app)", Restarts: 12, Halted: true}},
		{`{"phase": "Running", "containerStatuses": [` + crash + `, {"name": "telepod-collector", "ready": true, "state": {"running": {}}}]}`, fleet.Condition{Reason: "CrashLoopBackOff (container app)", Restarts: 12, Halted: true}},
		{`{"phase": "Running", "containerStatuses": [` + crash + `, {"name": "web", "ready": true, "state": {"running": {}}}]}`, fleet.Condition{Reason: "CrashLoopBackOff (container app)", Restarts: 12}},
		{`{"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}`, fleet.Condition{Reason: "NotReady (container app)"}},
		{`{"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 2, "state": {"terminated": {"reason": "Error"}}}]}`, fleet.Condition{Reason: "Error (container app)", Restarts: 2, Halted: true}},
		{`{"phase": "Pending", "initContainerStatuses": [{"name": "migrate", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}], "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}]}`,
			fleet.Condition{Reason: "CrashLoopBackOff (container migrate)", Restarts: 3, Halted: true}},
		{`{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}`, fleet.Condition{Reason: "Pending: Unschedulable", Halted: true}},
		{`{"phase": "Running", "containerStatuses": [{"name": "app", "ready": true, "state": {"running": {}}}, {"name": "telepod-collector", "state": {"waiting": {"reason": "ErrImagePull"}}}]}`, fleet.Condition{Reason: "ErrImagePull (container telepod-collector)", Well: true}},
		{`{"phase": "Succeeded"}`, fleet.Condition{Reason: "Completed", Halted: true}},
		{`{"phase": "Failed", "reason": "Evicted\u001b[2J"}`, fleet.Condition{Reason: `"Evicted\x1b[2J"`, Halted: true}},
	} {
		p, err := fleet.ReadPod([]byte(`{"metadata": {"name": "a"}, "spec": {"containers": [{"name": "app"}]}, "status": ` + test.status + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if p.Condition != test.want {
			t.Errorf("%s: %+v, want %+v", test.status, p.Condition, test.want)
		}
	}
}

func TestConditionInWords(t *testing.T) {
	for c, want := range map[fleet.Condition]string{{Reason: "running"}: "running", {Reason: "running", Restarts: 1}: "running, 1 restart", {Reason: "Error", Restarts: 2}: "Error, 2 restarts"} {
		if got := c.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
