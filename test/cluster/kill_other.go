//go:build !linux

package cluster

import "errors"

// Kill needs Linux.
func (c *Cluster) Kill(_, _ string) (int, error) { return 0, errors.New("kill a process: needs Linux") }

// Processes needs Linux.
func (c *Cluster) Processes(_, _ string) ([]int, error) {
	return nil, errors.New("processes of a node: needs Linux")
}
