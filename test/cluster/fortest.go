package cluster

import (
	"errors"
	"os"
	"testing"
)

// ForTest starts a cluster that ends with the test. It skips the test where there can be
// no such cluster (nodes for an ordinary user; with -short, any), and logs what the
// components said last if the test fails.
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
			t.Logf("last words of the cluster:\n%s", c.Logs(15))
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}
