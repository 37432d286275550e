package pipeline

import (
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// child is a program that ends with the test, even when the test is killed.
type child struct{ cmd *exec.Cmd }

func startChild(t testing.TB, program string, args ...string) *child {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails when it has ended, which is as well
		_ = cmd.Wait()         // says that it was killed
	})
	return &child{cmd: cmd}
}

func (c *child) ready(t testing.TB, url string) {
	t.Helper()
	Await(t, Patience, "an answer of "+url, func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// Patience is how long tests wait for what comes within seconds on a quiet machine, where how fast it
// comes is not what they are about.
const Patience = 90 * time.Second

// Await asks every 50 ms until something is so, returns how long that took, and fails the test
// if it takes too long.
func Await(t testing.TB, limit time.Duration, what string, so func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Since(began) > limit {
			t.Fatalf("waited %v for %s in vain", limit, what)
		}
		<-tick.C
	}
	return time.Since(began)
}
