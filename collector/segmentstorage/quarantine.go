package segmentstorage

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// quarantine is a file with copies of corrupt records. It stops growing at its limit.
type quarantine struct {
	path  string
	limit int64 // bytes
}

// add appends a part of a segment after a line that describes it.
func (q quarantine) add(in *segment, at, size int64, reason error) (err error) {
	f, err := os.OpenFile(q.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size()+size > q.limit {
		return fmt.Errorf("%s is at its limit of %d bytes; move it away to keep further copies", q.path, q.limit)
	}
	if _, err := fmt.Fprintf(f, "\n# segment %016x, offset %d, %d bytes: %v\n", in.number, at, size, reason); err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(in.file, at, size))
	return err
}
