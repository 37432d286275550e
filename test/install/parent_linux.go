package install

import "syscall"

// endWithParent makes the kernel kill a child whose parent was killed. The terminal's Ctrl-C does not reach the
// child: the parent decides when it ends.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
