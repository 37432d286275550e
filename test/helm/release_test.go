package helm_test

import (
	"os"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// TestRelease runs `helm test` on a real node: the hook's pod must succeed if the release works, and otherwise name what
// does not answer.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster; run without -short")
	}
	if os.Getuid() != 0 {
		t.Skip("nodes need root")
	}
	images, err := install.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := cluster.ForTest(t, cluster.Options{Name: "release", Nodes: make([]cluster.Node, 1), Images: images})
	if err := install.Telepod(t.Context(), c, install.Options{}); err != nil {
		t.Fatal(err)
	}
	test := func() (string, error) {
		return program(t, "v4").Run(t.Context(), "test", "telepod", "--namespace", install.Namespace, "--kubeconfig", c.Kubeconfig(), "--logs", "--timeout", "2m")
	}
	if out, err := test(); err != nil || !strings.Contains(out, "SERVING") {
		t.Fatalf("%v: %s, want an endpoint that serves", err, out)
	}
	kubectl := func(args ...string) string {
		out, err := c.Kubectl(t.Context(), append([]string{"--namespace", install.Namespace}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	kubectl("scale", "deployment/"+install.Name, "--replicas=0")
	kubectl("wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=injector", "--timeout=90s")
	if _, err := test(); err == nil {
		t.Error("helm test passes without a webhook")
	}
	if said := kubectl("logs", "telepod-test"); !strings.Contains(said, "1 of 1 endpoints do not serve") {
		t.Errorf("the pod printed %q, want the name of the failing endpoint", said)
	}
}
