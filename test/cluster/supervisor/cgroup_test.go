//go:build linux

package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeCgroups is a directory that looks like a cgroup file system. It records writes to control files,
// and rejects those that the test lists.
type fakeCgroups struct {
	cgroups
	t      *testing.T
	writes []string
	refuse func(path, content string) error
}

func newFakeCgroups(t *testing.T, v2 bool) *fakeCgroups {
	f := &fakeCgroups{t: t, refuse: func(string, string) error { return nil }}
	f.cgroups = cgroups{mount: t.TempDir(), v2: v2, write: func(path, content string) error {
		name, err := filepath.Rel(f.mount, path)
		if err != nil {
			return err
		}
		f.writes = append(f.writes, name+" "+content)
		return f.refuse(name, content)
	}}
	return f
}

func (f *fakeCgroups) file(name, content string) {
	f.t.Helper()
	path := filepath.Join(f.mount, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fakeCgroups) wantWrites(want ...string) {
	f.t.Helper()
	if diff := cmp.Diff(want, f.writes); diff != "" {
		f.t.Errorf("writes (-want +got):\n%s", diff)
	}
}

const controllers = "cpuset cpu io memory pids"

func TestCreateOnV2DelegatesAllControllersInOneWrite(t *testing.T) {
	f := newFakeCgroups(t, true)
	f.file("cgroup.controllers", controllers)
	f.file("node/cgroup.controllers", controllers)
	if err := f.create("node"); err != nil {
		t.Fatal(err)
	}
	f.wantWrites("cgroup.subtree_control +cpuset +cpu +io +memory +pids", "node/cgroup.subtree_control +cpuset +cpu +io +memory +pids")
	if _, err := os.Stat(filepath.Join(f.mount, "node", "init")); err != nil {
		t.Error(err)
	}
}

func TestCreateOnV2InAContainerMovesProcessesToALeaf(t *testing.T) {
	for _, refusal := range []error{syscall.EBUSY, syscall.EOPNOTSUPP} {
		f := newFakeCgroups(t, true)
		f.file("cgroup.controllers", controllers)
		f.file("cgroup.type", "domain") // the true root has none
		f.file("cgroup.procs", "12\n34\n")
		f.file("node/cgroup.controllers", controllers)
		f.refuse = func(path, _ string) error {
			if path == "cgroup.subtree_control" && len(f.writes) == 1 {
				return refusal
			}
			return nil
		}
		if err := f.create("node"); err != nil {
			t.Fatal(err)
		}
		all := " +cpuset +cpu +io +memory +pids"
		f.wantWrites("cgroup.subtree_control"+all, "telepod-host/cgroup.procs 12", "telepod-host/cgroup.procs 34",
			"cgroup.subtree_control"+all, "node/cgroup.subtree_control"+all)
	}
}

func TestCreateOnV2NeverEmptiesTheTrueRoot(t *testing.T) {
	f := newFakeCgroups(t, true)
	f.file("cgroup.controllers", controllers)
	f.file("cgroup.procs", "1\n")
	f.refuse = func(string, string) error { return syscall.EBUSY }
	if err := f.create("node"); err == nil {
		t.Error("create succeeded, although the kernel returned EBUSY")
	}
	f.wantWrites("cgroup.subtree_control +cpuset +cpu +io +memory +pids")
}

func TestCreateOnV2NamesTheMissingController(t *testing.T) {
	f := newFakeCgroups(t, true)
	f.file("cgroup.controllers", "cpu pids")
	if err := f.create("node"); err == nil || !strings.Contains(err.Error(), "no controller cpuset") {
		t.Errorf("error is %v", err)
	}
}

func TestCreateOnV1FillsCpusetsAndSkipsUnified(t *testing.T) {
	f := newFakeCgroups(t, false)
	f.file("cpuset/cgroup.procs", "")
	f.file("cpuset/cpuset.cpus", "0-1")
	f.file("cpuset/cpuset.mems", "0")
	f.file("memory/cgroup.procs", "")
	f.file("unified/cgroup.procs", "")
	if err := f.create("node"); err != nil {
		t.Fatal(err)
	}
	f.wantWrites("cpuset/node/cpuset.cpus 0-1", "cpuset/node/cpuset.mems 0")
	if _, err := os.Stat(filepath.Join(f.mount, "memory", "node", "init")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(f.mount, "unified", "node")); err == nil {
		t.Error("a cgroup was created in unified")
	}
	f.writes = nil
	if err := f.enter("node", 42); err != nil {
		t.Fatal(err)
	}
	f.wantWrites("cpuset/node/init/cgroup.procs 42", "memory/node/init/cgroup.procs 42")
}

func TestRemoveAllKillsAndRemovesMatchingCgroups(t *testing.T) {
	f := newFakeCgroups(t, false)
	f.file("memory/cgroup.procs", "")
	for _, dir := range []string{"memory/x-n1/init/deep", "unified/x-n2/kubepods", "memory/y-n1"} {
		if err := os.MkdirAll(filepath.Join(f.mount, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.removeAll("x-n*"); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"memory/x-n1", "unified/x-n2"} {
		if _, err := os.Stat(filepath.Join(f.mount, gone)); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	if _, err := os.Stat(filepath.Join(f.mount, "memory/y-n1")); err != nil {
		t.Error(err)
	}
}
