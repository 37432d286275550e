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

// claim is an index that is this process's own on the machine, and the directory that
// goes with it.
type claim struct {
	index int
	dir   string
	lock  net.Listener
}

// newClaim takes the first free index. An abstract socket is the lock: its name space is
// the network's, like that of the links and addresses which it guards, and the kernel
// gives it back when this process ends, in whatever way.
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
			return nil, fmt.Errorf("make the cluster's directory: %w", err)
		}
		return c, nil
	}
	return nil, fmt.Errorf("%d clusters run on this machine: stop one", layout.MaxIndex)
}

// link is the name of the host's end of the cluster's network.
func (c *claim) link() string { return fmt.Sprintf("telepod-%d", c.index) }

// clean removes what belongs to the index. The processes are gone, and with them their
// namespaces and mounts.
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

// release gives the index back, clean.
func (c *claim) release() error {
	err := c.clean()
	c.lock.Close()
	return err
}
