package cluster

import (
	"errors"
	"os"
	"testing"
)

// ForTest starts a cluster that stops with the test. It skips the test if the cluster cannot be started
// here (nodes need root), or with -short. If the test fails, it logs the last lines of every component.
func ForTest(t testing.TB, o Options) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a cluster; run without -short")
	}
	c, err := Start(t.Context(), o)
	if errors.Is(err, errNeedsRoot) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv(KubeconfigVariable) == "" {
			t.Logf("last log lines of the cluster:\n%s", c.Logs(15))
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}
