package segmentstorage

import (
	"errors"
	"io"
	"os"
)

// disk is what the store needs from a file system. Tests inject faults.
type disk interface {
	// create makes a file with allocated blocks, so that writing into it needs no more disk space.
	create(path string, size int64) (file, error)
	// open opens a file and returns its size in bytes.
	open(path string) (file, int64, error)
	rename(from, to string) error
	remove(path string) error
	// available returns the number of bytes that can be allocated in a directory.
	available(dir string) (int64, error)
	syncDir(dir string) error
}

type file interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Close() error
}

// localDisk is the operating system's.
type localDisk struct{}

func (localDisk) create(path string, size int64) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := allocate(f, size); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

func (localDisk) open(path string) (file, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

func (localDisk) rename(from, to string) error { return os.Rename(from, to) }
func (localDisk) remove(path string) error     { return os.Remove(path) }

// fill allocates a file's blocks by writing zeros, for file systems without a call for it.
func fill(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
