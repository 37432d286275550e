package collector

import "syscall"

// endWithParent has the kernel end a child whose test was killed and cannot clean up.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
