package certmanager

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/procattr"
)

const module = "test/certmanager/manager"

// Build builds the controllers if necessary and returns the program's path.
func Build(ctx context.Context) (string, error) {
	return build.Binary(ctx, build.Spec{Name: "cert-manager", Module: module, Tags: []string{"grpcnotrace"}, Takes: "about 4 minutes"})
}

// Start installs cert-manager's custom resources in the cluster and runs its controllers until the test
// ends. If the test fails it logs their last output.
func Start(t testing.TB, c *cluster.Cluster) {
	t.Helper()
	program, err := Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := install(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-kubeconfig="+c.Kubeconfig())
	var output tail
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = procattr.DieWithParent()
	if err := cmd.Start(); err != nil {
		t.Fatalf("start cert-manager: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only if it has exited
		_ = cmd.Wait()         // returns "signal: killed"
		if t.Failed() {
			t.Logf("last output of cert-manager:\n%s", output.String())
		}
	})
}

// resources are the custom resources that the controllers watch.
var resources = [...]string{"certificaterequests", "certificates", "clusterissuers", "issuers"}

// install applies the custom resources of the module that the program is built from.
func install(ctx context.Context, c *cluster.Cluster) error {
	source, err := build.Sources(ctx, module, "github.com/cert-manager/cert-manager")
	if err != nil {
		return fmt.Errorf("find cert-manager's sources: %w", err)
	}
	// Server-side, because client-side apply would exceed the annotation's size limit.
	apply, wait := []string{"apply", "--server-side"}, []string{"wait", "--for=condition=Established", "--timeout=30s"}
	for _, name := range resources {
		apply = append(apply, "--filename="+filepath.Join(source, "deploy", "crds", "cert-manager.io_"+name+".yaml"))
		wait = append(wait, "crd/"+name+".cert-manager.io")
	}
	for _, args := range [][]string{apply, wait, {"create", "namespace", "cert-manager"}} {
		if _, err := c.Kubectl(ctx, args...); err != nil {
			return fmt.Errorf("install cert-manager: %w", err)
		}
	}
	return nil
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 8 << 10

func (l *tail) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, data...)
	if over := len(l.buf) - tailSize; over > 0 {
		l.buf = l.buf[over:]
	}
	return len(data), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.ToValidUTF8(l.buf, nil))
}
