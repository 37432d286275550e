//go:build !linux

package estate

import "syscall"

// endWithParent is for Linux, where clusters run.
func endWithParent() *syscall.SysProcAttr { return nil }
