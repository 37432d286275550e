package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestInjectorBuild: the program of the injector's image, and the tests that it shares with telepod, compile. The program
// does not link clients of stores and sites.
func TestInjectorBuild(t *testing.T) {
	if !testing.Short() { // compiling is slower than all other tests of this package together
		if out, err := exec.CommandContext(t.Context(), "go", "vet", "-tags", "injector", ".").CombinedOutput(); err != nil {
			t.Fatalf("a file or test that uses a file with `//go:build !injector` needs that line, too: %v\n%s", err, out)
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
