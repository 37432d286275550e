package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Kill sends SIGKILL to every process of a program on a node and returns their number. The program is
// the executable's file name, such as otelcol-contrib. The kubelet restarts containers.
func (c *Cluster) Kill(node, program string) (killed int, err error) {
	processes, err := c.Processes(node, program)
	if err != nil {
		return 0, err
	}
	for _, pid := range processes {
		err := syscall.Kill(pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			continue // it has exited already
		}
		if err != nil {
			return killed, fmt.Errorf("kill %s on node %s: %w", program, node, err)
		}
		killed++
	}
	return killed, nil
}

// Processes returns the ids of a program's processes on a node, including those the API server does not list.
func (c *Cluster) Processes(node, program string) ([]int, error) {
	for _, n := range c.Nodes() {
		if n.Name == node {
			return processes(n.Cgroup, program)
		}
	}
	return nil, fmt.Errorf("processes of %s: this cluster has no node %q", program, node)
}

func processes(cgroup, program string) (found []int, err error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, dir := range all {
		// A process that has exited meanwhile has no files, or no executable.
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		exe, gone := os.Readlink(filepath.Join(dir, "exe"))
		if gone != nil || filepath.Base(exe) != program || !inCgroup(string(groups), cgroup) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, err
		}
		found = append(found, pid)
	}
	return found, nil
}

// inCgroup reads /proc/PID/cgroup: one line for each hierarchy, ending in the path.
func inCgroup(groups, cgroup string) bool {
	return strings.Contains(groups, ":/"+cgroup+"/")
}
