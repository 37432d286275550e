package injector

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/resource"
)

func TestOwners(t *testing.T) {
	for _, c := range []struct {
		name, api, kind, owner, hash, rollout string
		want                                  []Workload
	}{
		{"deployment", "apps/v1", "ReplicaSet", "web-6d4b75cb6d", "6d4b75cb6d", "", []Workload{{"ReplicaSet", "web-6d4b75cb6d"}, {"Deployment", "web"}}},
		{"replica set without a deployment", "apps/v1", "ReplicaSet", "web", "", "", []Workload{{"ReplicaSet", "web"}}},
		{"hash of another replica set", "apps/v1", "ReplicaSet", "web-1", "2", "", []Workload{{"ReplicaSet", "web-1"}}},
		{"hash is the name", "apps/v1", "ReplicaSet", "-1", "1", "", []Workload{{"ReplicaSet", "-1"}}},
		{"Argo rollout", "apps/v1", "ReplicaSet", "web-789", "", "789", []Workload{{"ReplicaSet", "web-789"}, {"Rollout", "web"}}},
		{"stateful set", "apps/v1", "StatefulSet", "db", "", "", []Workload{{"StatefulSet", "db"}}},
		{"daemon set", "apps/v1", "DaemonSet", "agent", "", "", []Workload{{"DaemonSet", "agent"}}},
		{"job", "batch/v1", "Job", "migrate", "", "", []Workload{{"Job", "migrate"}}},
		{"cron job", "batch/v1", "Job", "report-29391840", "", "", []Workload{{"Job", "report-29391840"}, {"CronJob", "report"}}},
		{"job with a date", "batch/v1", "Job", "backup-20261122", "", "", []Workload{{"Job", "backup-20261122"}}},
		{"job whose name is only a number", "batch/v1", "Job", "-29391840", "", "", []Workload{{"Job", "-29391840"}}},
		{"kind of another API group", "example.com/v1", "ReplicaSet", "web-1", "1", "", nil},
		{"node", "v1", "Node", "n1", "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := &Pod{Metadata: Metadata{
				Labels:          map[string]string{templateHashLabel: c.hash, rolloutHashLabel: c.rollout},
				OwnerReferences: []OwnerReference{{Kind: "X", Name: "not the controller"}, {APIVersion: c.api, Kind: c.kind, Name: c.owner, Controller: true}},
			}}
			if diff := cmp.Diff(c.want, Owners(pod)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServiceVersion(t *testing.T) {
	for image, want := range map[string]string{
		"web":                         "",
		"web:1.2":                     "1.2",
		"host:5000/web":               "",
		"host:5000/a/web:1.2":         "1.2",
		"web@sha256:abcd":             "sha256:abcd",
		"host:5000/web:1@sha256:abcd": "1@sha256:abcd",
		"":                            "",
	} {
		if got := serviceVersion(&Pod{}, image); got != want {
			t.Errorf("%s: version is %q, want %q", image, got, want)
		}
	}
	labelled := &Pod{Metadata: Metadata{Labels: map[string]string{"app.kubernetes.io/version": "9"}}}
	if got := serviceVersion(labelled, "web:1"); got != "9" {
		t.Errorf("version is %q, want 9: the label must override the image", got)
	}
}

// TestSDKDecodesAttributes decodes values with the real SDK's parser, as a pod's process does.
func TestSDKDecodesAttributes(t *testing.T) {
	want := map[string]string{
		"plain": "a-b_c.d/e:f", "comma": "a,b", "equals": "a=b", "percent": "100%25 %", "quote": `"a\b";c`,
		"space": " a b ", "unicode": "ü→", "dollar": "$(HOME) $$ $", "newline": "a\nb",
	}
	var list []attribute
	for _, key := range sortedKeys(want) {
		list = append(list, literalAttribute(key, want[key]))
	}
	t.Setenv(otelResourceAttributes, expand(joinAttributes(list), nil))
	r, err := resource.New(context.Background(), resource.WithFromEnv())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range r.Attributes() {
		if _, ours := want[string(a.Key)]; ours {
			got[string(a.Key)] = a.Value.AsString()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAcceptImage(t *testing.T) {
	for image, ok := range map[string]bool{
		"otelcol": true, "otel/collector:0.145.0": true, "registry.example:5000/a/b_c:1@sha256:" + strings.Repeat("0a", 32): true,
		"": false, "a b": false, ":1": false, "a//b": false, "a/B": false, "MyCollector:1": false, "foo_": false, "foo..bar/x": false, "a@sha256:0a": false, "https://a/b": false, "a:": false,
	} {
		if problem, _ := acceptImage(image); (problem == "") != ok {
			t.Errorf("%q: %q", image, problem)
		}
	}
}

// TestInvalidUTF8 checks that the patch is valid JSON even if the pod has invalid UTF-8.
func TestInvalidUTF8(t *testing.T) {
	f := load(t, "testdata/deployment.txtar")
	raw := []byte("{\"metadata\":{\"name\":\"p\",\"annotations\":{\"resource.opentelemetry.io/service.name\":\"x\xff\"}},\"spec\":{\"containers\":[{\"name\":\"c\xfe\"}]}}")
	if got := f.plan(t, raw).AppendPatch(nil, ""); !json.Valid(got) {
		t.Errorf("invalid JSON: %q", got)
	}
}

// TestAnnotationBudget fills a pod's annotations up to the API server's limit.
func TestAnnotationBudget(t *testing.T) {
	f := load(t, "testdata/deployment.txtar")
	for filler, want := range map[int]Reason{annotationBudget - 1000: NamespaceEnabled, annotationBudget - 220: NamespaceEnabled, annotationBudget - 50: AnnotationsFull} {
		pod := &Pod{Spec: Spec{HostNetwork: true, Containers: []Container{{Name: "app", Env: []Variable{{Name: otelServiceName}}}}}}
		pod.Metadata.Annotations = map[string]string{"x": strings.Repeat("x", filler)}
		plan := f.injector.Plan(Request{Pod: pod, Namespace: f.namespace})
		size := len(StatusAnnotation) + len(plan.Status) + 1 + filler
		if plan.Decision.Reason != want || plan.Decision.Inject && size > annotationBudget {
			t.Errorf("with %d bytes: reason %s, and %d bytes of annotations", filler, plan.Decision.Reason, size)
		}
	}
}
