package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestInjectorBuild: the program of the injector's image and the tests that it has in common with telepod compile, and it
// has no client of stores and sites.
func TestInjectorBuild(t *testing.T) {
	if !testing.Short() { // compiling is slower than all other tests of this package together
		if out, err := exec.CommandContext(t.Context(), "go", "vet", "-tags", "injector", ".").CombinedOutput(); err != nil {
			t.Fatalf("files and tests that need one with `//go:build !injector` need that line too: %v\n%s", err, out)
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
