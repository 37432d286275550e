package clouds

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel kill a child whose parent was killed. The terminal's Ctrl-C does not reach the
// child: the parent decides when it ends.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// endTogether starts a program in its own process group, which [endGroup] kills with all its children.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = endWithParent()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails only if nothing is left
	}
}
