//go:build !injector

package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestDrillEndsOnSignals: signals end the drill cleanly, including the one of a closed terminal.
func TestDrillEndsOnSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT} {
		ctx, stop := untilInterrupted(t.Context())
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

// TestDrillContinuesWithoutReader: the drill continues when the reader of its output exits; further output is lost.
func TestDrillContinuesWithoutReader(t *testing.T) {
	const child = "TELEPOD_TEST_WITHOUT_READER"
	if os.Getenv(child) != "" {
		ctx, stop := untilInterrupted(t.Context())
		defer stop()
		fmt.Fprintln(os.Stderr, "the primary is failed")
		if ctx.Err() != nil {
			t.Error("a broken pipe interrupts the drill")
		}
		return
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	again.Env = append(os.Environ(), child+"=1")
	again.Stderr = writer
	if out, err := again.Output(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
