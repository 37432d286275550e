package pipeline

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/telepod/telepod/test/procattr"
)

// child is a program that is killed with the test, even if the test itself is killed.
type child struct{ cmd *exec.Cmd }

func startChild(t testing.TB, program string, args ...string) *child {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = procattr.DieWithParent()
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only if it has exited
		_ = cmd.Wait()         // returns "signal: killed"
	})
	return &child{cmd: cmd}
}

func (c *child) ready(t testing.TB, url string) {
	t.Helper()
	Await(t, Patience, "an answer from "+url, func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// Patience is how long tests wait for something that needs seconds on an idle machine, unless they test its
// speed.
const Patience = 90 * time.Second

// Await polls a condition every 50 ms until it is true, and returns the elapsed time. It fails the test after the limit.
func Await(t testing.TB, limit time.Duration, what string, condition func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Since(began) > limit {
			t.Fatalf("after %v still waiting for %s", limit, what)
		}
		<-tick.C
	}
	return time.Since(began)
}
