//go:build !linux

package clouds

import "syscall"

// endWithParent is for Linux, where clusters run.
func endWithParent() *syscall.SysProcAttr { return nil }
