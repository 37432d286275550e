//go:build !injector

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func (l *onCluster) statusInteractive(t *testing.T) {
	t.Run("served", l.statusServed)
	t.Run("watched", l.statusWatched)
}

// interrupt sends this process Ctrl-C: the caller must run a command that catches it.
func interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// pseudoTerminal returns both ends of a terminal of 40 lines.
func pseudoTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 160}); err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// statusWatched redraws on a terminal without flicker until Ctrl-C; the last screen stays.
func (l *onCluster) statusWatched(t *testing.T) {
	person, program := pseudoTerminal(t)
	ended := make(chan int, 1)
	go func() {
		ended <- run([]string{"status", "--watch", "--interval", "1s", "--kubeconfig", l.kubeconfig}, streams{os.Stdin, program, os.Stderr})
	}()
	var seen bytes.Buffer
	part := make([]byte, 4096)
	receive := func(what string, enough func(string) bool) {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		for !enough(seen.String()) {
			if err := person.SetReadDeadline(deadline); err != nil {
				t.Fatal(err)
			}
			n, err := person.Read(part)
			if err != nil {
				t.Fatalf("wait for %s: %v\n%q", what, err, seen.String())
			}
			seen.Write(part[:n])
		}
	}
	receive("two pictures", func(s string) bool { return strings.Count(s, "\x1b[?2026l") >= 2 })
	interrupt(t)
	receive("the end", func(s string) bool {
		_, after, closed := strings.Cut(s, "\x1b[?1049l")
		return closed && strings.Contains(after, "2 pods stale\r\n")
	})
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	first, _, _ := strings.Cut(seen.String(), "\x1b[?2026l")
	if !strings.HasPrefix(first, "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2026h\x1b[H") || !strings.Contains(first, "every 1s; Ctrl-C ends") || strings.Contains(seen.String(), "\x1b[2J") {
		t.Errorf("the first picture: %q", first)
	}
}

// statusServed runs the command, requests the page like a browser, and stops it.
func (l *onCluster) statusServed(t *testing.T) {
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run([]string{"status", "--serve", "0", "--kubeconfig", l.kubeconfig}, streams{os.Stdin, io.Discard, writer})
		writer.Close()
	}()
	var address string
	if _, err := fmt.Fscanf(reader, "%s until Ctrl-C\n", &address); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Errorf("it listens at %s, which is reachable from other machines", address)
	}
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(body), "3 of 5, 2 bare, 2 stale") || !strings.Contains(string(body), `<meta http-equiv="refresh" content="10">`) {
		t.Errorf("%v:\n%s", err, body)
	}
	interrupt(t)
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
