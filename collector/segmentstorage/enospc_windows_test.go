package segmentstorage

import "golang.org/x/sys/windows"

var enospc error = windows.ERROR_DISK_FULL
