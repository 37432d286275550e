package helm_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/test/golden"
	"github.com/telepod/telepod/test/helm"
)

// newest is the Kubernetes version of the golden renders.
const newest = "1.36.0"

// programs builds both versions of Helm once for all tests.
var programs = sync.OnceValues(func() (map[string]helm.CLI, error) {
	ctx, all := context.Background(), map[string]helm.CLI{}
	var err error
	if all["v4"], err = helm.V4(ctx); err != nil {
		return nil, err
	}
	all["v3"], err = helm.V3(ctx)
	return all, err
})

func program(t *testing.T, version string) helm.CLI {
	t.Helper()
	all, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return all[version]
}

func chart(t *testing.T) string {
	t.Helper()
	dir, err := helm.Chart()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// presets returns the values files in ci/ by name.
func presets(t *testing.T) map[string]string {
	t.Helper()
	return valuesIn(t, "ci")
}

// examples returns the values files in examples/, which users start from.
func examples(t *testing.T) map[string]string {
	t.Helper()
	return valuesIn(t, "examples")
}

func valuesIn(t *testing.T, directory string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chart(t), directory, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no values in %s: %v", directory, err)
	}
	named := map[string]string{}
	for _, file := range files {
		named[strings.TrimSuffix(filepath.Base(file), ".yaml")] = file
	}
	return named
}

// template runs helm template as a GitOps controller does: without a cluster.
func template(t *testing.T, version string, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"template", "telepod", chart(t), "--namespace", "telepod", "--kube-version", newest}, args...)
	return program(t, version).Run(t.Context(), args...)
}

// renders caches results of render, because many tests use the same presets.
var renders sync.Map

// render returns the documents sorted by template: their order, and the space between them, differ between versions of
// Helm.
func render(t *testing.T, version string, args ...string) string {
	t.Helper()
	key := version + " " + strings.Join(args, " ")
	if out, found := renders.Load(key); found {
		return out.(string)
	}
	out := sorted(t, version, args...)
	renders.Store(key, out)
	return out
}

func sorted(t *testing.T, version string, args ...string) string {
	t.Helper()
	out, err := template(t, version, args...)
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for document := range strings.SplitSeq("\n"+out, "\n---\n") {
		if document = strings.TrimSpace(document); document != "" {
			documents = append(documents, document)
		}
	}
	slices.Sort(documents)
	return strings.Join(documents, "\n---\n") + "\n"
}

// goldens lists the presets that have a golden render: a region, a site, a site with samplers and every destination, and
// a region that reports its cluster. TestFields checks the others.
var goldens = []string{"aws", "central", "destinations", "cluster-report"}

// TestGolden renders every preset with both versions of Helm, which must agree, and compares some with their golden renders.
func TestGolden(t *testing.T) {
	named := presets(t)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		t.Run(name, func(t *testing.T) {
			got := render(t, "v4", "--values", named[name])
			if diff := cmp.Diff(got, render(t, "v3", "--values", named[name])); diff != "" {
				t.Errorf("Helm 4 and 3 differ (-v4 +v3):\n%s", diff)
			}
			if slices.Contains(goldens, name) {
				golden.Compare(t, filepath.Join("testdata", name+".yaml"), got)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); name != "fields" && !slices.Contains(goldens, name) {
			t.Errorf("%s is not compared with any render: delete it", file)
		}
	}
}

// TestRenderIsStable: renders are reproducible, as Argo CD requires.
func TestRenderIsStable(t *testing.T) {
	for _, name := range []string{"other", "region-all", "central-scaled"} {
		values := presets(t)[name]
		if diff := cmp.Diff(sorted(t, "v4", "--values", values), sorted(t, "v4", "--values", values)); diff != "" {
			t.Errorf("two renders of %s differ:\n%s", name, diff)
		}
	}
}

func TestKubernetesVersions(t *testing.T) {
	values := presets(t)["aws"]
	old := render(t, "v4", "--values", values, "--kube-version", "1.29.4-eks-1234567")
	if strings.Contains(old, "ValidatingAdmissionPolicy") {
		t.Error("1.29 has no ValidatingAdmissionPolicy v1, but it is rendered")
	}
	if current := render(t, "v4", "--values", values, "--kube-version", "v1.30.2-gke.100"); !strings.Contains(current, "ValidatingAdmissionPolicy") {
		t.Error("no ValidatingAdmissionPolicy on 1.30")
	}
	_, err := template(t, "v4", "--values", values, "--kube-version", "1.27.0")
	if err == nil || !strings.Contains(err.Error(), "1.28") {
		t.Errorf("on 1.27: %v, want an error that names 1.28", err)
	}
}
