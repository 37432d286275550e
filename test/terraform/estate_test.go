package terraform

import (
	"path/filepath"
	"testing"

	"github.com/telepod/telepod/test/build"
)

// TestEstateExample checks that the example for an estate's values is valid HCL, in the engines' format.
func TestEstateExample(t *testing.T) {
	if testing.Short() {
		t.Skip("builds OpenTofu; run without -short")
	}
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := engines(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if out, err := e.run(t.Context(), filepath.Join(root, "examples", "estate"), "fmt", "-check", "-diff", "main.tf"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
