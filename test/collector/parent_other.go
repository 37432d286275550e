//go:build !linux

package collector

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
