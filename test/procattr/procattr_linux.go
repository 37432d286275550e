package procattr

import (
	"os/exec"
	"syscall"
)

// DieWithParent makes the kernel kill a child when its parent is killed. Ctrl-C in the terminal does not reach the child:
// the parent decides when it stops.
func DieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// Group starts a program in its own process group, which [KillGroup] kills with all its children.
func Group(cmd *exec.Cmd) {
	cmd.SysProcAttr = DieWithParent()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// KillGroup kills what is left of a process group.
func KillGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails only if nothing is left
	}
}
