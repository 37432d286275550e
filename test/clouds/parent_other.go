//go:build !linux

package clouds

import (
	"os/exec"
	"syscall"
)

// endWithParent needs Linux.
func endWithParent() *syscall.SysProcAttr { return nil }

func endTogether(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
