package profiles_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
)

func mustLoad(t *testing.T, documents ...string) *profiles.Set {
	t.Helper()
	set, err := profiles.Load(profiles.Facts{}, sources(documents...)...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// sources names the documents a.yaml, b.yaml and so on.
func sources(documents ...string) []profiles.Source {
	var list []profiles.Source
	for i, text := range documents {
		list = append(list, profiles.Source{Name: string(rune('a'+i)) + ".yaml", Data: []byte(text)})
	}
	return list
}

func lookup(t *testing.T, set *profiles.Set, name string) *profiles.Resolved {
	t.Helper()
	resolved, ok := set.Lookup(name)
	if !ok {
		t.Fatalf("no profile %s in %v", name, set.Names())
	}
	return resolved
}

// TestBuiltin compares the built-in profiles with the values of the semantic conventions, and with the
// detectors that find the region on each cloud.
func TestBuiltin(t *testing.T) {
	set, err := profiles.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	type cloud struct{ Provider, Platform, Detectors, SidecarEnv string }
	got := map[string]cloud{}
	for _, name := range set.Names() {
		r := lookup(t, set, name)
		var env []string
		for _, v := range r.Sidecar.Env {
			env = append(env, v.Name+"="+v.Value)
		}
		got[name] = cloud{r.Cloud.Provider, r.Cloud.Platform, strings.Join(r.Detectors, " "), strings.Join(env, " ")}
	}
	want := map[string]cloud{
		"aws":   {"aws", "aws_eks", "env ec2", "AWS_REGION=$(CLOUD_REGION)"},
		"azure": {"azure", "azure.aks", "env aks azure", ""},
		"base":  {},
		"gcp":   {"gcp", "gcp_kubernetes_engine", "env gcp", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("built-in profiles (-want +got):\n%s", diff)
	}
	if near, _ := set.Nearest("azur"); near != "azure" {
		t.Errorf("nearest to azur is %q, want azure", near)
	}
}

// TestResolvedIsAProfile writes every built-in profile in full, and loads it again.
func TestResolvedIsAProfile(t *testing.T) {
	set := mustLoad(t)
	for _, name := range set.Names() {
		want := lookup(t, set, name).Profile
		want.Name, want.Inherits = "written-out", ""
		text, err := yaml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, lookup(t, mustLoad(t, string(text)), "written-out").Profile); diff != "" {
			t.Errorf("%s written out (-want +got):\n%s", name, diff)
		}
	}
}

func TestFactsFillUnsetFields(t *testing.T) {
	set, err := profiles.Load(facts, sources("{name: eu, inherits: aws, identity: {region: eu-central-1}}")...)
	if err != nil {
		t.Fatal(err)
	}
	want := facts.Identity
	want.Region = "eu-central-1"
	if diff := cmp.Diff(want, lookup(t, set, "eu").Identity); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(facts.Identity, lookup(t, set, "aws").Identity); diff != "" {
		t.Errorf("identity of the parent (-want +got):\n%s", diff)
	}
	_, err = profiles.Load(profiles.Facts{Endpoint: "sidecars", ServiceHost: "http://a"})
	for _, want := range []string{`facts: otlp.endpoint: unknown endpoint "sidecars"`, "facts: otlp.serviceHost: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("invalid endpoint and host: want %q in %v", want, err)
		}
	}
	_, err = profiles.Load(profiles.Facts{HTTPPort: 70000})
	if err == nil || !strings.Contains(err.Error(), "facts: httpPort: 70000 is not a port") {
		t.Errorf("an invalid port gave %v", err)
	}
	_, err = profiles.Load(profiles.Facts{Identity: profiles.Identity{Cluster: "a\x00b"}})
	if err == nil || !strings.Contains(err.Error(), "facts: cluster: ") {
		t.Errorf("a NUL in the facts gave %v", err)
	}
}

// TestRegionalCollectorFacts checks that every profile gets the addresses of the regional Collectors unless it
// sets its own.
func TestRegionalCollectorFacts(t *testing.T) {
	set, err := profiles.Load(profiles.Facts{Endpoint: "sidecar", ServiceHost: "gateway.obs.svc", GRPCPort: 14317, HTTPPort: 14318},
		sources("{name: mine, inherits: gcp, otlp: {serviceHost: elsewhere}}", "{name: child, inherits: mine, otlp: {endpoint: node}}")...)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]string{
		"base": {"sidecar", "gateway.obs.svc"}, "azure": {"sidecar", "gateway.obs.svc"},
		"mine": {"sidecar", "elsewhere"}, "child": {"node", "elsewhere"},
	} {
		if otlp := lookup(t, set, name).OTLP; otlp.Endpoint != want[0] || otlp.ServiceHost != want[1] {
			t.Errorf("%s sends to %s and %s, want %v", name, otlp.Endpoint, otlp.ServiceHost, want)
		} else if otlp.GRPCPort != 14317 || otlp.HTTPPort != 14318 {
			t.Errorf("%s sends to ports %d and %d, want those of the facts", name, otlp.GRPCPort, otlp.HTTPPort)
		}
	}
}

// TestSidecarFacts checks that every profile gets the sidecar's image of this cluster unless it sets its own.
func TestSidecarFacts(t *testing.T) {
	set, err := profiles.Load(profiles.Facts{SidecarImage: "registry.example.com/collector:1", SidecarPullSecrets: []string{"all"}},
		sources("{name: mine, inherits: gcp, sidecar: {image: mine/collector:2, imagePullSecrets: [own]}}", "{name: child, inherits: mine}")...)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]string{
		"aws": {"registry.example.com/collector:1", "all"}, "child": {"mine/collector:2", "own"},
	} {
		if s := lookup(t, set, name).Sidecar; s.Image != want[0] || !slices.Equal(s.ImagePullSecrets, want[1:]) {
			t.Errorf("%s has image %s and Secrets %v, want %v", name, s.Image, s.ImagePullSecrets, want)
		}
	}
	_, err = profiles.Load(profiles.Facts{SidecarImage: "a b", SidecarPullSecrets: []string{"A"}})
	for _, want := range []string{`facts: sidecar.image: "a b"`, `facts: sidecar.imagePullSecrets[0]: "A"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// TestOrderOfSources loads valid and invalid files in every rotation.
func TestOrderOfSources(t *testing.T) {
	for name, documents := range map[string][]string{
		"valid":   {"{name: child, inherits: parent}", "{name: parent, inherits: aws}", "{name: other, inherits: parent}"},
		"invalid": {"{name: one, inherits: two}", "{name: two, inherits: one}", "{name: one, inherits: none}"},
	} {
		t.Run(name, func(t *testing.T) {
			list := sources(documents...)
			want := outcome(list)
			for range list {
				list = slices.Concat(list[1:], list[:1])
				if diff := cmp.Diff(want, outcome(list)); diff != "" {
					t.Errorf("the result depends on the order (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// outcome returns the result of Load in a comparable form.
func outcome(list []profiles.Source) map[string]any {
	set, err := profiles.Load(profiles.Facts{}, list...)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	all := map[string]any{}
	for _, name := range set.Names() {
		all[name], _ = set.Lookup(name)
	}
	return all
}

// TestProblemsOfAllFiles checks that the mistakes of all files are reported, including a syntax error.
func TestProblemsOfAllFiles(t *testing.T) {
	_, err := profiles.Load(profiles.Facts{}, sources("name: [", "name: b\ninherits: bsae", "name: b\ninherits: base")...)
	want := `a.yaml:1: read YAML: did not find expected node content
b.yaml:2: profile "b": inherits: no such profile: "bsae" (did you mean "base"?)
c.yaml:1: profile "b": name: is already defined at b.yaml:1: rename one`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if problems, ok := err.(profiles.Problems); !ok || len(problems) != 3 {
		t.Errorf("the error is a %T, want 3 Problems", err)
	}
}

// TestSidecarConfigMustFit checks the limit for the configuration: execve refuses a variable of 128 KiB.
func TestSidecarConfigMustFit(t *testing.T) {
	config := lookup(t, mustLoad(t), "base").Sidecar.Config
	indented := strings.ReplaceAll(config, "\n", "\n    ") + "# " + strings.Repeat("x", 128<<10)
	_, err := profiles.Load(profiles.Facts{}, sources("name: long\ninherits: base\nsidecar:\n  config: |\n    "+indented)...)
	if err == nil || !strings.Contains(err.Error(), "bytes long") {
		t.Errorf("a configuration of 128 KiB gave %v", err)
	}
}

// TestReadDir reads a directory that is laid out like a mounted ConfigMap.
func TestReadDir(t *testing.T) {
	dir := t.TempDir()
	generation := filepath.Join(dir, "..2026_11_22")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a.yaml", "b.yml", "c.json", "README.md", ".hidden.yaml", "sub.yaml/d.yaml"} {
		write(filepath.Join(generation, name), name)
	}
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("..2026_11_22", "..data")
	link("..data/a.yaml", "a.yaml")
	for _, kind := range []string{"ConfigMap", "plain directory"} {
		t.Run(kind, func(t *testing.T) {
			from := dir
			if kind == "plain directory" {
				from = generation
			}
			got, err := profiles.ReadDir(from)
			if err != nil {
				t.Fatal(err)
			}
			want := []profiles.Source{{Name: "a.yaml", Data: []byte("a.yaml")}, {Name: "b.yml", Data: []byte("b.yml")}, {Name: "c.json", Data: []byte("c.json")}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := profiles.ReadDir(filepath.Join(dir, "none")); err == nil {
		t.Error("reading a missing directory gave no error")
	}
}

func TestNearest(t *testing.T) {
	candidates := []string{"node", "service", "sidecar", "grpc", "aws", "gcp"}
	for word, want := range map[string]string{
		"nod": "node", "NODE": "node", "sidcear": "sidecar", "servcie": "service", "gprc": "grpc",
		"gcs": "gcp", "node": "node", "azure": "", "x": "", "": "", "sidecarrrrr": "",
		"xcp": "gcp", "awps": "aws", strings.Repeat("node", 100): "",
	} {
		got, ok := profiles.Nearest(word, candidates)
		if got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %t; want %q", word, got, ok, want)
		}
	}
	if got, _ := profiles.Nearest("ab", []string{"ac", "aa"}); got != "aa" {
		t.Errorf("among equals got %q, want aa, the first by name", got)
	}
}
