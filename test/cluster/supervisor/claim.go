//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/telepod/telepod/test/cluster/layout"
)

// claim is an index reserved on this machine, and its directory.
type claim struct {
	index int
	dir   string
	lock  net.Listener
}

// newClaim claims the first free index. The lock is an abstract socket: it is scoped to the network
// namespace, like the links and addresses that it guards, and the kernel releases it when this process
// ends, however it ends.
func newClaim() (*claim, error) {
	for index := 1; index <= layout.MaxIndex; index++ {
		lock, err := net.Listen("unix", fmt.Sprintf("@telepod-cluster-%d", index))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("claim index %d: %w", index, err)
		}
		c := &claim{index: index, lock: lock}
		c.dir = filepath.Join(os.TempDir(), fmt.Sprintf("telepod-%d-%d", os.Geteuid(), index))
		if err := c.clean(); err != nil {
			lock.Close()
			return nil, err
		}
		if err := os.Mkdir(c.dir, 0o700); err != nil {
			lock.Close()
			return nil, fmt.Errorf("create the cluster's directory: %w", err)
		}
		return c, nil
	}
	return nil, fmt.Errorf("%d clusters run on this machine: stop one", layout.MaxIndex)
}

// link is the name of the host's end of the link to the cluster's network.
func (c *claim) link() string { return fmt.Sprintf("telepod-%d", c.index) }

// clean removes everything that belongs to the index. Its processes have exited, so their namespaces and
// mounts no longer exist.
func (c *claim) clean() error {
	if os.Geteuid() == 0 {
		if _, err := net.InterfaceByName(c.link()); err == nil {
			if err := ip("link", "del", c.link()); err != nil {
				return err
			}
		}
		if err := hostCgroups().removeAll(fmt.Sprintf("telepod-%d-n*", c.index)); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("remove the cluster's directory: %w", err)
	}
	return nil
}

// release cleans up and releases the index.
func (c *claim) release() error {
	err := c.clean()
	c.lock.Close()
	return err
}
