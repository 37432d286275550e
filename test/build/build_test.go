package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// repository creates a repository with one nested module, and makes it the working directory.
func repository(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	t.Setenv("TELEPOD_CACHE", filepath.Join(root, "cache"))
	write(t, filepath.Join(root, "go.mod"), "module github.com/telepod/telepod\n\ngo 1.26\n")
	write(t, filepath.Join(root, "main.go"), "package main\n\nfunc main() {}\n")
	write(t, filepath.Join(root, "test", "own", "go.mod"), "module example.com/own\n\ngo 1.26\n")
	write(t, filepath.Join(root, "test", "own", "main.go"), "package main\n\nfunc main() {}\n")
	t.Chdir(filepath.Join(root, "test"))
	return root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func binary(t *testing.T, s Spec) string {
	t.Helper()
	path, err := Binary(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 {
		t.Fatalf("%s is not a program: %v", path, err)
	}
	return path
}

func TestBinaryIsBuiltOnceForTheSameSources(t *testing.T) {
	root := repository(t)
	s := Spec{Name: "own", Module: "test/own"}
	first := binary(t, s)
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	if again := binary(t, s); again != first {
		t.Errorf("second build is at %s, want %s", again, first)
	}
	if after, err := os.Stat(first); err != nil || !os.SameFile(before, after) {
		t.Errorf("the program was built again: %v", err)
	}
	write(t, filepath.Join(root, "test", "own", "main.go"), "package main\n\nfunc main() { println() }\n")
	if changed := binary(t, s); changed == first {
		t.Error("a changed source did not change the program")
	}
	if tagged := binary(t, Spec{Name: "own", Module: "test/own", Tags: []string{"x"}}); tagged == first {
		t.Error("a changed flag did not change the program")
	}
}

func TestBinaryFollowsModulesItReplaces(t *testing.T) {
	root := repository(t)
	write(t, filepath.Join(root, "lib", "go.mod"), "module example.com/lib\n\ngo 1.26\n")
	write(t, filepath.Join(root, "lib", "lib.go"), "package lib\n\nfunc Do() {}\n")
	write(t, filepath.Join(root, "test", "own", "go.mod"), "module example.com/own\n\ngo 1.26\n\n"+
		"require example.com/lib v0.0.0\n\nreplace example.com/lib => ../../lib\n")
	write(t, filepath.Join(root, "test", "own", "main.go"), "package main\n\nimport \"example.com/lib\"\n\nfunc main() { lib.Do() }\n")
	s := Spec{Name: "own", Module: "test/own"}
	first := binary(t, s)
	if again := binary(t, s); again != first {
		t.Errorf("unchanged program moved from %s to %s", first, again)
	}
	write(t, filepath.Join(root, "lib", "lib.go"), "package lib\n\nfunc Do() { println() }\n")
	if changed := binary(t, s); changed == first {
		t.Error("a changed dependency did not change the program")
	}
}

func TestBinaryOfTheRootModuleFollowsItsSources(t *testing.T) {
	root := repository(t)
	s := Spec{Name: "telepod"}
	write(t, filepath.Join(root, "lib", "lib.go"), "package lib\n\n//go:noinline\nfunc Do() {}\n")
	write(t, filepath.Join(root, "main.go"), "package main\n\nimport \"github.com/telepod/telepod/lib\"\n\nfunc main() { lib.Do() }\n")
	first := binary(t, s)
	if again := binary(t, s); again != first {
		t.Errorf("unchanged program moved from %s to %s", first, again)
	}
	write(t, filepath.Join(root, "lib", "lib.go"), "package lib\n\n//go:noinline\nfunc Do() { println() }\n")
	changed := binary(t, s)
	if changed == first {
		t.Error("a changed dependency did not change the program")
	}
	if flags := binary(t, Spec{Name: "telepod", LDFlags: []string{"-X main.x=1"}}); flags == changed {
		t.Error("a changed flag of the linker did not change the program")
	}
}

func TestBinaryCalledConcurrently(t *testing.T) {
	repository(t)
	var all sync.WaitGroup
	paths := make([]string, 4)
	for i := range paths {
		all.Go(func() { paths[i], _ = Binary(context.Background(), Spec{Name: "own", Module: "test/own"}) })
	}
	all.Wait()
	for _, p := range paths {
		if p == "" || p != paths[0] {
			t.Errorf("paths differ: %q", paths)
		}
	}
}

func TestBinaryReportsCompilerErrors(t *testing.T) {
	root := repository(t)
	write(t, filepath.Join(root, "test", "own", "main.go"), "package main\n\nfunc main() { undefined() }\n")
	_, err := Binary(t.Context(), Spec{Name: "own", Module: "test/own"})
	if err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("error is %v, want the compiler's message", err)
	}
	left, err := filepath.Glob(filepath.Join(root, "cache", "own", "new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("a failed build left %v in the cache, %v", left, err)
	}
}

func TestPruneKeepsRecentlyUsedEntries(t *testing.T) {
	shelf := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, key := range []string{"used", "unused"} {
		write(t, filepath.Join(shelf, key, "program"), "x")
		if err := os.Chtimes(filepath.Join(shelf, key), old, old); err != nil {
			t.Fatal(err)
		}
	}
	lookup(shelf, "used")
	prune(shelf, time.Now().Add(-time.Minute))
	if _, found := lookup(shelf, "used"); !found {
		t.Error("an entry in use was removed")
	}
	if _, found := lookup(shelf, "unused"); found {
		t.Error("an old entry was kept")
	}
}

func TestProgressCountsAndKeepsMessages(t *testing.T) {
	p := &progress{spec: Spec{Name: "kube", Takes: "about 9 minutes"}}
	p.Write([]byte("go: downloading k8s.io/api v1\nk8s.io/api/co"))
	p.Write([]byte("re/v1\nfmt\n./main.go:3:15: undefined: x\n"))
	if want := "about 9 more minutes, 1 modules downloaded, 2 packages compiled"; !strings.Contains(p.lineAfter(0), want) {
		t.Errorf("line is %q, want %q in it", p.lineAfter(0), want)
	}
	if want := "./main.go:3:15: undefined: x\n"; p.tail() != want {
		t.Errorf("tail is %q, want %q", p.tail(), want)
	}
}
