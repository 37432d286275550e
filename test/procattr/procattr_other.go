//go:build !linux

package procattr

import (
	"os/exec"
	"syscall"
)

// DieWithParent needs Linux.
func DieWithParent() *syscall.SysProcAttr { return nil }

// Group needs Linux.
func Group(*exec.Cmd) {}

// KillGroup needs Linux.
func KillGroup(*exec.Cmd) {}
