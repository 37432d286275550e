package main

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestDrillIsTold by signals that would end a program which does not expect them: a closed terminal's, and
// that of a pipe without a reader.
func TestDrillIsTold(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGTERM, syscall.SIGINT} {
		ctx, stop := untilTold(t.Context())
		if err := syscall.Kill(os.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Errorf("%v does not end the drill", signal)
		}
		stop()
	}
}
