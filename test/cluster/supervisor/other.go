//go:build !linux

package supervisor

import (
	"errors"
	"io"
)

var errLinux = errors.New("a test cluster runs on Linux only")

// Supervise runs on Linux only.
func Supervise(io.Reader, io.Writer) error { return errLinux }

// Switch runs on Linux only.
func Switch(io.Reader, io.Writer) error { return errLinux }

// Machine runs on Linux only.
func Machine(string, io.Reader) error { return errLinux }
