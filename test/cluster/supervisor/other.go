//go:build !linux

package supervisor

import (
	"errors"
	"io"
)

var errLinux = errors.New("a test cluster needs Linux")

// Supervise needs Linux.
func Supervise(io.Reader, io.Writer) error { return errLinux }

// Switch needs Linux.
func Switch(io.Reader, io.Writer) error { return errLinux }

// Machine needs Linux.
func Machine(string, io.Reader) error { return errLinux }
