package injector

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	corev1 "k8s.io/api/core/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/document"
	"github.com/telepod/telepod/test/golden"
)

// A fixture is a txtar archive. Its comment describes the case, and its files are
//
//	pod.yaml        the pod as the API server sends it
//	namespace.yaml  optional: name, labels, annotations
//	options.yaml    optional: Options, and facts and profiles
//	configmaps.yaml optional: the keys of each ConfigMap, by its name
//	want.yaml       the pod afterwards
//	want.txt        the output of explain
type fixture struct {
	path      string
	archive   *txtar.Archive
	pod       []byte // JSON
	namespace Namespace
	injector  *Injector
}

type fixtureOptions struct {
	Options
	Facts    profiles.Facts     `json:"facts"`
	Profiles []profiles.Profile `json:"profiles"`
}

var facts = profiles.Facts{Identity: profiles.Identity{Region: "us-east-1", Account: "123456789012", Cluster: "prod-use1", Environment: "production"}}

func defaults() Options {
	return Options{
		Policy:         Policy{ProtectedNamespaces: []string{"kube-system", "telepod"}},
		Cluster:        Cluster{NativeSidecars: true, TopologyLabels: true},
		DefaultProfile: "aws",
	}
}

func (f *fixture) section(name string) []byte {
	for _, s := range f.archive.Files {
		if s.Name == name {
			return s.Data
		}
	}
	return nil
}

func (f *fixture) set(name, text string) {
	for i := range f.archive.Files {
		if f.archive.Files[i].Name == name {
			f.archive.Files[i].Data = []byte(text)
			return
		}
	}
	f.archive.Files = append(f.archive.Files, txtar.File{Name: name, Data: []byte(text)})
}

func load(t *testing.T, path string) *fixture {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{path: path, archive: archive, namespace: Namespace{Name: "shop", Labels: map[string]string{InjectionLabel: "enabled"}}}
	if f.pod, err = yaml.YAMLToJSON(f.section("pod.yaml")); err != nil {
		t.Fatal(err)
	}
	if text := f.section("namespace.yaml"); text != nil {
		f.namespace = Namespace{}
		if err := yaml.UnmarshalStrict(text, &f.namespace); err != nil {
			t.Fatal(err)
		}
	}
	o := fixtureOptions{Options: defaults(), Facts: facts}
	if err := yaml.UnmarshalStrict(f.section("options.yaml"), &o); err != nil {
		t.Fatal(err)
	}
	var sources []profiles.Source
	for _, p := range o.Profiles {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, profiles.Source{Name: p.Name + ".json", Data: data})
	}
	set, err := profiles.Load(o.Facts, sources...)
	if err != nil {
		t.Fatal(err)
	}
	if f.injector, err = New(set, o.Options); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) plan(t *testing.T, raw []byte) *Plan {
	t.Helper()
	pod, err := ParsePod(raw)
	if err != nil {
		t.Fatal(err)
	}
	return f.injector.Plan(Request{Pod: pod, Namespace: f.namespace, ConfigMapKeys: f.keys(t)})
}

// keys returns a lookup of ConfigMaps in the section configmaps.yaml.
func (f *fixture) keys(t *testing.T) func(string, string) ([]string, bool) {
	t.Helper()
	text := f.section("configmaps.yaml")
	if text == nil {
		return nil
	}
	all := map[string][]string{}
	if err := yaml.UnmarshalStrict(text, &all); err != nil {
		t.Fatal(err)
	}
	return func(_, name string) ([]string, bool) {
		keys, ok := all[name]
		return keys, ok
	}
}

// TestFixtures compares every case with its expected output, and checks the properties that all cases share.
func TestFixtures(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			f := load(t, path)
			before := bytes.Clone(f.pod)
			plan := f.plan(t, f.pod)
			patched := document.Patch(t, f.pod, plan.AppendPatch(nil, ""))

			f.compare(t, plan, patched)
			if !bytes.Equal(before, f.pod) {
				t.Error("the input changed")
			}
			compareViews(t, plan, f.pod, patched)
			f.injectAgain(t, patched)
			f.unknownFields(t)
		})
	}
}

func (f *fixture) compare(t *testing.T, plan *Plan, patched []byte) {
	t.Helper()
	pod, err := yaml.JSONToYAML(patched)
	if err != nil {
		t.Fatal(err)
	}
	explained, got := explain(plan), string(pod)
	if plan.Profile != nil { // package profiles tests the hash; here it would change with every edit of a profile
		hide := strings.NewReplacer(plan.Profile.Hash, "HASH")
		explained, got = hide.Replace(explained), hide.Replace(got)
	}
	if *golden.Update {
		f.set("want.yaml", got)
		f.set("want.txt", explained)
		if err := os.WriteFile(f.path, txtar.Format(f.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(f.section("want.yaml")), got); diff != "" {
		t.Errorf("pod (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(string(f.section("want.txt")), explained); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
	for _, s := range f.archive.Files {
		if !strings.Contains(" pod.yaml namespace.yaml options.yaml configmaps.yaml want.yaml want.txt ", " "+s.Name+" ") {
			t.Errorf("unknown section %s", s.Name)
		}
	}
}

// compareViews checks that the patch and the edits of the typed pod make the same change.
func compareViews(t testing.TB, plan *Plan, raw, patched []byte) {
	t.Helper()
	var typed, want corev1.Pod
	for data, into := range map[*corev1.Pod][]byte{&typed: raw, &want: patched} {
		if err := kjson.UnmarshalCaseSensitivePreserveInts(into, data); err != nil { // as the API server does
			t.Skip("not a pod by its types: ", err) // fuzzing only
		}
	}
	applyTyped(plan, &typed)
	if diff := cmp.Diff(want, typed); diff != "" {
		t.Errorf("patch and typed pod differ (-patched +typed):\n%s", diff)
	}
}

// injectAgain checks that an injected pod is left alone.
func (f *fixture) injectAgain(t *testing.T, patched []byte) {
	t.Helper()
	again := f.plan(t, patched)
	if len(again.Edits) != 0 {
		t.Errorf("a second injection changes the pod: %s", explain(again))
	}
}

// unknownFields checks that unknown fields survive in all parts of the pod.
func (f *fixture) unknownFields(t *testing.T) {
	t.Helper()
	marked, marks := document.Mark(t, f.pod)
	plan := f.plan(t, marked)
	if got := document.Marks(t, document.Patch(t, marked, plan.AppendPatch(nil, ""))); got != marks {
		t.Errorf("%d of %d unknown fields survive", got, marks)
	}
}
