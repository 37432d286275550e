package collector

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed sources are what the builder makes of the manifest. go.mod and go.sum follow
// from them: the go command refuses to build when they do not.
func TestSourcesMatchTheManifest(t *testing.T) {
	for _, set := range []string{"sidecar", "full"} {
		t.Run(set, func(t *testing.T) { compareSources(t, set) })
	}
}

func compareSources(t *testing.T, set string) {
	fresh := t.TempDir()
	generate := exec.CommandContext(t.Context(), "go", "-C", "builder", "tool", "builder",
		"--config=../"+set+"/manifest.yaml", "--output-path="+fresh, "--skip-compilation", "--skip-get-modules")
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", generate, err, out)
	}
	if out, err := exec.CommandContext(t.Context(), "gofmt", "-w", fresh).CombinedOutput(); err != nil {
		t.Fatalf("gofmt: %v\n%s", err, out)
	}
	for _, name := range []string{"components.go", "main.go", "main_others.go", "main_windows.go"} {
		want, err := os.ReadFile(filepath.Join(fresh, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(set, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s/%s is stale; run: go generate ./test/collector\n%s", set, name, diff)
		}
	}
}
