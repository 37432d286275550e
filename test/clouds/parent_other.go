//go:build !linux

package clouds

import (
	"os/exec"
	"syscall"
)

// endWithParent is for Linux, where clusters run.
func endWithParent() *syscall.SysProcAttr { return nil }

func endTogether(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
