package clouds

import "syscall"

// endWithParent has the kernel end a child whose parent was killed and cannot clean up. The
// terminal's Ctrl-C is not for it: the parent decides when it ends.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
