package manifest_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/test/document"
	"github.com/telepod/telepod/test/golden"
)

func TestParseFindsPods(t *testing.T) {
	m := parse(t, []byte(strings.Join([]string{
		"# only a comment",
		"--- # first\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}",
		"---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {}}\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {name: c, namespace: x}\n  spec: {jobTemplate: {spec: {template: {spec: {}}}}}",
		"---\napiVersion: apps/v1\nkind: DeploymentList\nitems:\n- {metadata: {name: d}, spec: {template: {}}}",
		"---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {workloadRef: {name: d}}",
		"---\njust: a mapping\n---\n- a list\n---\na word\n",
	}, "\n")))
	type found struct {
		Line                int
		Kind, Namespace, At string
		Path                string
	}
	var got []found
	for _, p := range m.Pods() {
		got = append(got, found{p.Line, p.Kind + " " + p.Name, p.Namespace, p.Pointer, p.Path})
	}
	want := []found{
		{10, "Pod p", "", "/items/0", ""},
		{11, "CronJob c", "x", "/items/1/spec/jobTemplate/spec/template", "/spec/jobTemplate/spec/template"},
		{19, "Deployment d", "", "/items/0/spec/template", "/spec/template"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pods (-want +got):\n%s", diff)
	}
	namespaces := []manifest.Namespace{{Name: "shop", Labels: map[string]string{"a": "b"}}}
	if diff := cmp.Diff(namespaces, m.Namespaces()); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
	if got := m.Objects(); got != 7 {
		t.Errorf("%d objects, want 7: two lists, their three items, a namespace and a rollout", got)
	}
}

func TestParseErrors(t *testing.T) {
	for name, test := range map[string]struct{ input, want string }{
		"syntax":         {"a: 1\n---\nkind: [\nb: 2\n", "f:3: read YAML: did not find expected ',' or ']'"},
		"tab":            {"kind: Pod\nmetadata:\n\tname: a\n", "f:3: read YAML: found character that cannot start any token"},
		"not text":       {"a: \xff\n", "f: it is not UTF-8 text"},
		"unknown anchor": {"\n\nkind: *x\n", `f:1: read YAML: unknown anchor 'x' referenced`},
		"annotation":     {"a: 1\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    a: b\n    telepod.dev/inject: true\n", `f:8: annotation telepod.dev/inject: true is a boolean, and must be a string: quote it: "true"`},
		"yes":            {"apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    a: 'yes'\n    b: yes\n", `f:6: annotation b: yes is a boolean, and must be a string: quote it: "yes"`},
		"in a template":  {"apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    metadata:\n      labels:\n        version: 1.10\n", `f:7: label version: 1.10 is a number, and must be a string: quote it: "1.10"`},
		"label":          {"apiVersion: v1\nkind: Pod\nmetadata: {name: 1}\nspec: {}\n", "f:1: read metadata of Pod: name is a number, must be a string; quote numbers and booleans"},
		"items":          {"a: 1\n---\napiVersion: v1\nkind: List\nitems: {}\n", "f:3: read List: items must be a list"},
		"two":            {"kind: [\n---\nkind: {\n", "f:2: read YAML: did not find expected node content\nf:4: read YAML: did not find expected node content"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Parse("f", []byte(test.input))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDuplicateKeys: the last of two equal keys counts, as with kubectl, and is the one that is edited.
func TestDuplicateKeys(t *testing.T) {
	m := parse(t, []byte("# c\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: old}]\n  containers:\n  - name: new\n"))
	if diff := cmp.Diff([]string{`input:8: key "containers" is already on line 7: the last one counts, as with kubectl; keep one`}, m.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	pod := m.Pods()[0]
	patch := patchOf(t, pod)
	if err := pod.Patch(patch); err != nil {
		t.Fatal(err)
	}
	got, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(document.Decode(t, apply(t, pod, patch)), document.Decode(t, parse(t, got).Pods()[0].JSON)); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, got)
	}
	if !strings.Contains(string(got), "[{name: old}]\n  containers:\n  - name: new\n    env:\n") {
		t.Errorf("the first duplicate was changed:\n%s", got)
	}
}

// TestJSONStream: consecutive objects without a separator, as in kubectl's own test data.
func TestJSONStream(t *testing.T) {
	text := "{\n  \"apiVersion\": \"v1\", \"kind\": \"Pod\",\n  \"metadata\": {\"name\": \"a\"}, \"spec\": {\"containers\": [{\"name\": \"a\"}]}\n}\n" +
		"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"b\"}, \"spec\": {\"containers\": []}} {\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}\n"
	m := parse(t, []byte(text))
	pods := m.Pods()
	if len(pods) != 2 || pods[0].Line != 1 || pods[1].Line != 5 || m.Objects() != 3 {
		t.Fatalf("%d objects, pods %+v", m.Objects(), pods)
	}
	for _, pod := range pods {
		if err := pod.Patch(patchOf(t, pod)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if again := parse(t, got); len(again.Pods()) != 2 || again.Objects() != 3 || !bytes.HasSuffix(got, []byte(" {\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}\n")) {
		t.Errorf("got\n%s", got)
	}
}

// TestUnknownKinds: an unlisted kind is a workload if its spec.template is a pod template.
func TestUnknownKinds(t *testing.T) {
	m := parse(t, []byte(strings.Join([]string{
		"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec: {template: {spec: {containers: [{image: a}]}}}",
		"---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {template: {metadata: {name: s}}}",
		"---\napiVersion: example.org/v1\nkind: Juice\nspec: {template: {spec: {containers: [glass, bottle]}}}",
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\ndata: {B: x, A: 1}\n",
	}, "\n")))
	if pods := m.Pods(); len(pods) != 1 || pods[0].Known || pods[0].Pointer != "/spec/template" || pods[0].Name != "hello" {
		t.Errorf("pods %+v, want only Knative's Service", pods)
	}
	if len(m.Notes()) != 1 || !strings.Contains(m.Notes()[0], "input:1: serving.knative.dev/v1 Service is unknown to Telepod") {
		t.Errorf("notes %q", m.Notes())
	}
	if diff := cmp.Diff([]manifest.ConfigMap{{Namespace: "shop", Name: "c", Keys: []string{"A", "B"}}}, m.ConfigMaps()); diff != "" {
		t.Errorf("ConfigMaps (-want +got):\n%s", diff)
	}
}

// FuzzManifest: nothing panics; without a patch the text is unchanged; a patched text is readable and has the
// same number of pods.
func FuzzManifest(f *testing.F) {
	for _, file := range golden.Cases(f, "testdata", []string{".yaml", ".json"}) {
		f.Add(golden.Read(f, file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := manifest.Parse("fuzz", data)
		if err != nil {
			return
		}
		if got, err := m.Bytes(); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("changed without a patch: %v\n%s", err, cmp.Diff(string(data), string(got)))
		}
		for _, pod := range m.Pods() {
			if err := pod.Patch(patchOf(t, pod)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := m.Bytes()
		if err != nil {
			return
		}
		if before, after := len(m.Pods()), len(parse(t, got).Pods()); before != after {
			t.Fatalf("%d pods became %d:\n%s", before, after, got)
		}
	})
}
