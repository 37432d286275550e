package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestInjectorBuild: the program of the injector's image compiles, and has no client of stores and sites.
func TestInjectorBuild(t *testing.T) {
	if !testing.Short() { // compiling is slower than all other tests of this package together
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "injector", "-o", t.TempDir(), ".").CombinedOutput(); err != nil {
			t.Fatalf("files that need one with `//go:build !injector` need that line too: %v\n%s", err, out)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "injector", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		for _, unwanted := range []string{"github.com/aws/", "telepod/archive", "telepod/drill", "telepod/estate"} {
			if strings.Contains(name, unwanted) {
				t.Errorf("the injector's program links %s: give the file of package main that needs it `//go:build !injector`", name)
			}
		}
	}
}
