//go:build unix

package archive

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps other processes from a file until it is closed, or until this process ends in whatever way.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another replay is at work with it: wait for its end, or name another file")
	}
	if err != nil {
		return fmt.Errorf("lock it: %w", err)
	}
	return nil
}
