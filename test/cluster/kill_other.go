//go:build !linux

package cluster

import "errors"

// Kill is for Linux, where clusters run.
func (c *Cluster) Kill(_, _ string) (int, error) { return 0, errors.New("kill a process: needs Linux") }

// Processes is for Linux, where clusters run.
func (c *Cluster) Processes(_, _ string) ([]int, error) {
	return nil, errors.New("processes of a node: needs Linux")
}
