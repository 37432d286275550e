package helm_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/build"
)

// TestArguments checks that every rendered flag is in the program's own help.
func TestArguments(t *testing.T) {
	telepod, err := build.Binary(t.Context(), build.Spec{Name: "telepod", Package: "./cmd/telepod"})
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.CommandContext(t.Context(), telepod, "webhook", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range presets(t) {
		for document := range strings.SplitSeq(render(t, "v4", "--values", values), "\n---\n") {
			if !strings.Contains(document, "# Source: telepod/templates/injector/deployment.yaml") {
				continue // a Collector's arguments, or none
			}
			for line := range strings.Lines(document) {
				flag, found := strings.CutPrefix(strings.TrimSpace(line), "- --")
				if !found {
					continue
				}
				if flag, _, _ = strings.Cut(flag, "="); !strings.Contains(string(help), "--"+flag+" ") {
					t.Errorf("preset %s: telepod webhook has no flag --%s", name, flag)
				}
			}
		}
	}
}
