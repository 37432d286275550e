//go:build !linux

package install

import "syscall"

// endWithParent needs Linux.
func endWithParent() *syscall.SysProcAttr { return nil }
