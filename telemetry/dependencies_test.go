package telemetry

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDependenciesAreListed: README.md lists every module that the library adds to a program.
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
		t.Errorf("README.md and go list differ (-linked +listed):\n%s", diff)
	}
}
