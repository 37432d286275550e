//go:build unix

package archive

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock prevents other processes from locking the file until it is closed or this process ends.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another replay is using it: wait until it finishes, or use another file")
	}
	if err != nil {
		return fmt.Errorf("lock it: %w", err)
	}
	return nil
}
