package telemetry

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whoever imports the library imports these: README.md lists them all.
func TestDependenciesAreListed(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", ".")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(out))
	slices.Sort(want)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- begin dependencies -->")
	listed, _, _ := strings.Cut(rest, "<!-- end dependencies -->")
	if diff := cmp.Diff(slices.Compact(want), strings.Fields(listed)); diff != "" {
		t.Errorf("README.md lists others than go list does (-linked +listed):\n%s", diff)
	}
}
