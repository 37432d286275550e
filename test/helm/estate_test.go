package helm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telepod/telepod/estate"
)

// TestEstateValues: the chart accepts the values of each estate file, and renders each cluster's role.
func TestEstateValues(t *testing.T) {
	files, err := filepath.Glob("../../estate/testdata/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no estate files: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, problems := estate.Load(file, data)
		if e == nil {
			t.Fatal(problems)
		}
		for _, c := range e.Clusters {
			t.Run(filepath.Base(file)+"/"+c.Name, func(t *testing.T) {
				text, err := e.ValuesFile(c, file)
				if err != nil {
					t.Fatal(err)
				}
				values := filepath.Join(t.TempDir(), "values.yaml")
				if err := os.WriteFile(values, text, 0o600); err != nil {
					t.Fatal(err)
				}
				documents := render(t, "v4", "--values", values)
				for part, want := range map[string]bool{"kind: MutatingWebhookConfiguration": c.HasApplications(),
					"kind: DaemonSet": c.HasApplications(), "name: telepod-central\n": e.Role(c.Name) != ""} {
					if strings.Contains(documents, part) != want {
						t.Errorf("%q is rendered: %t, want %t", part, !want, want)
					}
				}
			})
		}
	}
}
