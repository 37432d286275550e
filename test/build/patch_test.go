package build

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestPatchFailsForAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "package a\n\nvar X = old(1)\nvar Y = old(2)\n")
	p := Patch{Module: "example.com/a", File: "a.go", Old: "old(", New: "new("}
	if err := p.apply(dir); err != nil {
		t.Fatal(err)
	}
	err := p.apply(dir)
	if err == nil || !strings.Contains(err.Error(), `patch a.go of example.com/a: "old(" not found`) {
		t.Errorf("patching again: %v", err)
	}
}

func TestPatchesChangeTheCacheKey(t *testing.T) {
	root := repository(t)
	plain := Spec{Name: "own", Module: "test/own"}
	patched := plain
	patched.Patches = []Patch{{Module: "example.com/a", File: "a.go", Old: "old", New: "new"}}
	module := filepath.Join(root, "test", "own")
	first, err := plain.key(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := patched.key(t.Context(), module); err != nil || first == second {
		t.Errorf("with and without patches the cache key is %s, %v", second, err)
	}
}
