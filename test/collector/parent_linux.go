package collector

import "syscall"

// endWithParent makes the kernel kill a child whose test process was killed.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
