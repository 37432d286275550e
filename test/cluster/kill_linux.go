package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Kill ends every process of a program on a node without a warning (kill -9), and returns how many
// there were. The program is the file name of the executable, as otelcol-contrib. The kubelet starts
// containers again.
func (c *Cluster) Kill(node, program string) (int, error) {
	for _, n := range c.Nodes() {
		if n.Name == node {
			killed, err := kill(n.Cgroup, program)
			if err != nil {
				err = fmt.Errorf("kill %s on node %s: %w", program, node, err)
			}
			return killed, err
		}
	}
	return 0, fmt.Errorf("kill %s: no node %q of ours", program, node)
}

func kill(cgroup, program string) (killed int, err error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, dir := range processes {
		// A process that ends meanwhile has no files any more, or no executable.
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		exe, gone := os.Readlink(filepath.Join(dir, "exe"))
		if gone != nil || filepath.Base(exe) != program || !inCgroup(string(groups), cgroup) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return killed, err
		}
		switch err := syscall.Kill(pid, syscall.SIGKILL); {
		case err == nil:
			killed++
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ESRCH):
			return killed, err
		}
	}
	return killed, nil
}

// inCgroup reads /proc/PID/cgroup, whose lines end in a path of each hierarchy.
func inCgroup(groups, cgroup string) bool {
	return strings.Contains(groups, ":/"+cgroup+"/")
}
