package clouds

import (
	"os/exec"
	"syscall"
)

// endWithParent has the kernel end a child whose parent was killed and cannot clean up. The
// terminal's Ctrl-C is not for it: the parent decides when it ends.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// endTogether makes a program the first of a group, which [endGroup] ends with all that it has started.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = endWithParent()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if nothing is left, which is as well
	}
}
