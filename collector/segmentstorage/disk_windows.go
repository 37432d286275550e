package segmentstorage

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// renamesOpenFiles is what recycling segments needs. Go opens files without FILE_SHARE_DELETE.
const renamesOpenFiles = false

func (localDisk) available(dir string) (int64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return int64(free), err
}

// syncDir does nothing: Windows has no such call, NTFS keeps a journal of names.
func (localDisk) syncDir(string) error { return nil }

func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}

func outOfSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
