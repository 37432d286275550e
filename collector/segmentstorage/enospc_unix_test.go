//go:build unix

package segmentstorage

import "golang.org/x/sys/unix"

var enospc error = unix.ENOSPC
