//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cgroups creates and removes the cgroups of nodes. Each has a leaf "init" for the node's own processes;
// the kubelet adds its pods next to it. On v2, a cgroup with controllers enabled for its children must not
// contain processes.
type cgroups struct {
	mount string
	v2    bool // the unified hierarchy; otherwise v1, possibly "hybrid" with v2 at unified
	// write replaces the content of a control file. It is a field because tests replace the kernel's
	// answers.
	write func(path, content string) error
}

func hostCgroups() cgroups {
	const mount = "/sys/fs/cgroup"
	_, err := os.Stat(mount + "/cgroup.controllers")
	return cgroups{mount: mount, v2: err == nil, write: writeControl}
}

func writeControl(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}

// hierarchies are the directories that get a cgroup for each node: one on v2; on v1, one for each
// controller of the machine.
func (c cgroups) hierarchies() []string {
	if c.v2 {
		return []string{c.mount}
	}
	procs, _ := filepath.Glob(filepath.Join(c.mount, "*", "cgroup.procs")) // the pattern is valid
	var dirs []string
	for _, p := range procs {
		if dir := filepath.Dir(p); filepath.Base(dir) != "unified" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// create creates a node's cgroup with every controller available to the kubelet.
func (c cgroups) create(name string) error {
	for _, dir := range c.hierarchies() {
		var err error
		if c.v2 {
			err = c.createV2(dir, name)
		} else {
			err = c.createV1(dir, name)
		}
		if err != nil {
			return fmt.Errorf("create cgroup %s in %s: %w", name, dir, err)
		}
	}
	return nil
}

func (c cgroups) createV1(hierarchy, name string) error {
	for _, dir := range []string{filepath.Join(hierarchy, name), filepath.Join(hierarchy, name, "init")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// A new cpuset is empty, and accepts no process before its CPUs and memory nodes are set.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			parent, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				return err
			}
			if err := c.write(filepath.Join(dir, file), string(parent)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c cgroups) createV2(root, name string) error {
	if err := c.delegate(root); err != nil {
		return err
	}
	dir := filepath.Join(root, name)
	if err := mkdir(dir); err != nil {
		return err
	}
	if err := c.delegate(dir); err != nil {
		return err
	}
	return mkdir(filepath.Join(dir, "init"))
}

// delegate enables every controller of a v2 cgroup for its children, in one write. Enabled one by one,
// cpu, cpuset and pids succeed while the cgroup contains processes, but turn it "domain threaded", so the
// kernel then rejects memory.
//
// Below the true root (which has no cgroup.type) the kernel returns EBUSY while the cgroup contains
// processes, so they move to a leaf first. This is the case in a container, which sees its own cgroup as
// the root.
func (c cgroups) delegate(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	have := strings.Fields(string(b))
	for _, need := range []string{"cpu", "cpuset", "memory", "pids"} {
		if !slices.Contains(have, need) {
			return fmt.Errorf("%s has no controller %s (only %v): whoever started this container or session must delegate it", dir, need, have)
		}
	}
	const attempts = 5 // processes may fork while they are moved
	for range attempts {
		err = c.write(filepath.Join(dir, "cgroup.subtree_control"), "+"+strings.Join(have, " +"))
		busy := errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EOPNOTSUPP)
		if _, root := os.Stat(filepath.Join(dir, "cgroup.type")); !busy || root != nil {
			return err
		}
		if err := c.moveToLeaf(dir); err != nil {
			return err
		}
	}
	return err
}

func (c cgroups) moveToLeaf(dir string) error {
	leaf := filepath.Join(dir, "telepod-host")
	if err := mkdir(leaf); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(b)) {
		err := c.write(filepath.Join(leaf, "cgroup.procs"), pid)
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("move process %s from %s to its leaf: %w", pid, dir, err)
		}
	}
	return nil
}

// enter moves a process into the leaf of a node's cgroup.
func (c cgroups) enter(name string, pid int) error {
	for _, dir := range c.hierarchies() {
		if err := c.write(filepath.Join(dir, name, "init", "cgroup.procs"), fmt.Sprint(pid)); err != nil {
			return fmt.Errorf("move process %d into cgroup %s: %w", pid, name, err)
		}
	}
	return nil
}

// removeAll removes the cgroups whose name matches, and kills the processes in them.
func (c cgroups) removeAll(pattern string) error {
	dirs := c.hierarchies()
	if !c.v2 {
		dirs = append(dirs, filepath.Join(c.mount, "unified")) // runc creates v2 cgroups on a hybrid machine, too
	}
	var errs []error
	for _, dir := range dirs {
		matches, err := filepath.Glob(filepath.Join(dir, pattern))
		errs = append(errs, err)
		for _, m := range matches {
			// Needs Linux 5.14. On older kernels the processes were killed with their namespace.
			_ = c.write(filepath.Join(m, "cgroup.kill"), "1")
			errs = append(errs, c.remove(m))
		}
	}
	return errors.Join(errs...)
}

func (c cgroups) remove(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := c.remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	// v1: free the page cache that is charged to the cgroup; otherwise the kernel keeps it after removal.
	_ = c.write(filepath.Join(dir, "memory.force_empty"), "0")
	deadline := time.Now().Add(5 * time.Second)
	for {
		err := syscall.Rmdir(dir)
		if err == nil || err == syscall.ENOENT {
			return nil
		}
		if err != syscall.EBUSY || time.Now().After(deadline) {
			return fmt.Errorf("remove cgroup %s: %w", dir, err)
		}
		time.Sleep(10 * time.Millisecond) // killed processes leave the cgroup after a moment
	}
}

func mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}
