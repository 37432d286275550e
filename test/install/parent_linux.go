package install

import "syscall"

// endWithParent makes the kernel kill a child whose parent was killed. The child ignores the terminal's
// Ctrl-C: the parent decides when it ends.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
