package collector

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed sources are what the builder makes of the manifest.
func TestSourcesMatchTheManifest(t *testing.T) {
	fresh := t.TempDir()
	generate := exec.CommandContext(t.Context(), "go", "-C", "builder", "tool", "builder",
		"--config=../distribution/manifest.yaml", "--output-path="+fresh, "--skip-compilation", "--skip-get-modules")
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", generate, err, out)
	}
	if out, err := exec.CommandContext(t.Context(), "gofmt", "-w", fresh).CombinedOutput(); err != nil {
		t.Fatalf("gofmt: %v\n%s", err, out)
	}
	for _, name := range []string{"components.go", "main.go", "main_others.go", "main_windows.go"} {
		want := read(t, filepath.Join(fresh, name))
		got := read(t, filepath.Join("distribution", name))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("distribution/%s is stale; run: go -C collector generate\n%s", name, diff)
		}
	}
}

// The builder leaves go.mod alone: its versions have to be those of the manifest.
func TestVersionsMatchTheManifest(t *testing.T) {
	required := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllStringSubmatch(read(t, "distribution/go.mod"), -1) {
		required[line[1]] = line[2]
	}
	listed := regexp.MustCompile(`gomod: (\S+) (v\S+)`).FindAllStringSubmatch(read(t, "distribution/manifest.yaml"), -1)
	if len(listed) < 20 {
		t.Fatalf("only %d components found in the manifest", len(listed))
	}
	for _, module := range listed {
		if got := required[module[1]]; got != module[2] {
			t.Errorf("the manifest lists %s %s, go.mod has %q; run: go -C collector/distribution get %[1]s@%[2]s", module[1], module[2], got)
		}
	}
}

// A distribution built as in docs/chart.md contains every component that the chart uses.
func TestDocumentedManifestIsComplete(t *testing.T) {
	own := regexp.MustCompile(`import: (github\.com/telepod/telepod/collector/\w+)`)
	documented := read(t, "../docs/chart.md")
	listed := own.FindAllStringSubmatch(read(t, "distribution/manifest.yaml"), -1)
	if len(listed) == 0 {
		t.Fatal("the manifest lists no component of Telepod's")
	}
	for _, component := range listed {
		if !strings.Contains(documented, component[0]+"}") {
			t.Errorf("docs/chart.md, \"Your own Collector\", lacks %s", component[1])
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
