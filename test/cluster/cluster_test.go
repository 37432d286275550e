package cluster

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/build"
)

func TestControlPlaneOnlyEnforcesPodSecurity(t *testing.T) {
	t.Parallel()
	c := ForTest(t, Options{FeatureGates: map[string]bool{"MutatingAdmissionPolicy": true}})
	if c.Host() != "127.0.0.1" && os.Getenv(KubeconfigVariable) == "" {
		t.Errorf("host is %q", c.Host())
	}
	apply(t, c, `
apiVersion: v1
kind: Namespace
metadata: {name: strict, labels: {pod-security.kubernetes.io/enforce: restricted}}
`)
	err := c.Apply(t.Context(), `
apiVersion: v1
kind: Pod
metadata: {name: loose, namespace: strict}
spec: {containers: [{name: a, image: a}]}
`)
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Errorf("creating a pod that PodSecurity forbids: %v", err)
	}
}

func TestStartReportsWhyItFailed(t *testing.T) {
	if testing.Short() || os.Getenv(KubeconfigVariable) != "" {
		t.Skip("starts its own cluster")
	}
	t.Parallel()
	_, err := Start(t.Context(), Options{APIServerFlags: []string{"--no-such-flag"}})
	if want := "unknown flag: --no-such-flag"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q in it", err, want)
	}
}

func TestKubernetesVersionMatchesGoMod(t *testing.T) {
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(root + "/" + Kubernetes().Module + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "\tk8s.io/kubernetes " + kubernetesVersion + "\n"; !strings.Contains(string(mod), want) {
		t.Errorf("go.mod does not require %q", want)
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	if os.Getenv(KubeconfigVariable) != "" {
		t.Skip("needs nodes that this package starts, not an existing cluster")
	}
	c := ForTest(t, Options{Name: "four", HostDomains: []string{"example.com"}, Nodes: []Node{{}, {
		Labels: map[string]string{
			"topology.kubernetes.io/region": "europe-west1",
			"topology.kubernetes.io/zone":   "europe-west1-b",
			"example.com/second":            "true",
		},
		ProviderID: "gce://project/europe-west1-b/node",
	}}})
	t.Run("environment", func(t *testing.T) { testEnvironment(t, c) })
	t.Run("network", func(t *testing.T) { testNetwork(t, c) })
	t.Run("image", func(t *testing.T) { testLoadImage(t, c) })
	t.Run("disk", func(t *testing.T) { testDisk(t, c) })
	t.Run("kill", func(t *testing.T) { testKill(t, c) })
	t.Run("power", func(t *testing.T) { testPower(t, c) })
}

func TestNodesWithIPv6(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		t.Skip("the kernel has no IPv6")
	}
	if os.Getenv(KubeconfigVariable) != "" {
		t.Skip("needs nodes that this package starts, not an existing cluster")
	}
	c := ForTest(t, Options{Name: "six", HostDomains: []string{"example.com"}, Nodes: make([]Node, 2), IPv6: true})
	testNetwork(t, c)
}

func testEnvironment(t *testing.T, c *Cluster) {
	apply(t, c, fixture(t, "environment.yaml"))
	kubectl(t, c, "wait", "--for=condition=Ready", "pod/environment", "--timeout=60s")
	logs := kubectl(t, c, "logs", "environment")
	for _, want := range []string{"ZONE=europe-west1-b", "REGION=europe-west1", "NODE=four-n2", "NODE_IP=" + c.Nodes()[1].Address} {
		if !strings.Contains(logs, want+"\n") {
			t.Errorf("%s is not in the environment:\n%s", want, logs)
		}
	}
	if out := kubectl(t, c, "exec", "environment", "--", "/app", "json"); !strings.HasPrefix(out, "{") {
		t.Errorf("exec printed %q", out)
	}
	if id := kubectl(t, c, "get", "node", "four-n2", "-o", "jsonpath={.spec.providerID}"); id != "gce://project/europe-west1-b/node" {
		t.Errorf("provider ID is %q", id)
	}
}

// testLoadImage runs an image that exists only in this test.
func testLoadImage(t *testing.T, c *Cluster) {
	app, err := build.Binary(t.Context(), build.Spec{Name: "app", Package: "./test/images/app"})
	if err != nil {
		t.Fatal(err)
	}
	archive := t.TempDir() + "/image.tar"
	i := Image{Ref: "example.test/own:2", Files: map[string]string{"/own": app}, Entrypoint: []string{"/own", "env"}}
	if err := WriteImage(archive, i); err != nil {
		t.Fatal(err)
	}
	if err := c.LoadImage(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "run", "own", "--image=example.test/own:2", "--image-pull-policy=Never", "--restart=Never", "--env=SEEN=yes")
	kubectl(t, c, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/own", "--timeout=60s")
	if logs := kubectl(t, c, "logs", "own"); !strings.Contains(logs, "SEEN=yes\n") {
		t.Errorf("the container printed %q", logs)
	}
}

// testNetwork connects from a pod to a Service, a DNS name, the hostPort of its own node, and the host.
func testNetwork(t *testing.T, c *Cluster) {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.Host(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("hello from the test"))
	}))
	server.Listener = listener
	server.Start()
	defer server.Close()

	at := "$(NODE_IP)"
	if strings.Contains(c.Host(), ":") {
		at = "[$(NODE_IP)]"
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	named := "http://any.name.example.com:" + port
	apply(t, c, strings.NewReplacer("AT_TEMPLATE", at, "HOST_URL", server.URL, "NAMED_URL", named).Replace(fixture(t, "network.yaml")))
	kubectl(t, c, "rollout", "status", "daemonset/web", "--timeout=60s")
	if _, err := c.Kubectl(t.Context(), "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/client", "--timeout=60s"); err != nil {
		t.Error(err)
	}
	logs := kubectl(t, c, "logs", "client")
	for _, want := range []string{"http://web/ -> 200", "http://web.default.svc.cluster.local/ -> 200", ":9090/ -> 200", "hello from the test", named + " -> 200"} {
		if !strings.Contains(logs, want) {
			t.Errorf("the client's log does not contain %q:\n%s", want, logs)
		}
	}
	for _, node := range c.Nodes() { // and from the host to each hostPort
		if !answers(t, node.Address, true) {
			t.Errorf("the hostPort of %s does not answer", node.Name)
		}
	}
}

// testDisk checks that a pod sees what the host wrote to the node's disk.
func testDisk(t *testing.T, c *Cluster) {
	node := c.Nodes()[1]
	if err := os.MkdirAll(node.Disk+"/from-the-host", 0o755); err != nil {
		t.Fatal(err)
	}
	apply(t, c, `
apiVersion: v1
kind: Pod
metadata: {name: disk}
spec:
  nodeName: `+node.Name+`
  restartPolicy: Never
  containers: [{name: app, image: telepod.test/app:1, volumeMounts: [{name: disk, mountPath: /disk}]}]
  volumes: [{name: disk, hostPath: {path: /var/lib/telepod/from-the-host, type: Directory}}]
`)
	kubectl(t, c, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/disk", "--timeout=60s")
}

// testKill kills the server that testNetwork started on the second node; the kubelet restarts it.
func testKill(t *testing.T, c *Cluster) {
	second := c.Nodes()[1]
	killed, err := c.Kill(second.Name, "app")
	if err != nil || killed < 1 { // other pods run it, too
		t.Fatalf("%d killed, %v, want one or more", killed, err)
	}
	kubectl(t, c, "wait", "pod", "--selector=app=web", "--field-selector=spec.nodeName="+second.Name,
		"--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "--timeout=60s")
	if killed, err := c.Kill(second.Name, "no-such-program"); err != nil || killed != 0 {
		t.Errorf("killed %d processes of a program that does not run, %v", killed, err)
	}
	if _, err := c.Kill("no-such-node", "app"); err == nil {
		t.Error("killing a process on an unknown node succeeded")
	}
	if !answers(t, second.Address, true) {
		t.Error("the server does not answer after its restart")
	}
}

// testPower cuts the second node's network, then its power, and restores them. The server that
// testNetwork started there comes back with the node.
func testPower(t *testing.T, c *Cluster) {
	if err := c.StopNode(t.Context(), c.Nodes()[0].Name); err == nil {
		t.Error("the control plane's node was stopped, want an error")
	}
	second := c.Nodes()[1]
	for _, step := range []struct {
		name string
		do   func(context.Context, string) error
		up   bool
	}{
		{"cut", c.CutNode, false},
		{"join", c.JoinNode, true},
		{"stop", c.StopNode, false},
		{"start", c.StartNode, true},
	} {
		if err := step.do(t.Context(), second.Name); err != nil {
			t.Fatal(err)
		}
		if up := answers(t, second.Address, step.up); up != step.up {
			t.Fatalf("after %s: the node answers: %t, want %t", step.name, up, step.up)
		}
	}
}

// answers asks the server on a node, retrying for a minute if an answer is expected.
func answers(t *testing.T, node string, expected bool) bool {
	t.Helper()
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(time.Minute); ; {
		response, err := client.Get("http://" + net.JoinHostPort(node, "9090"))
		if err == nil {
			response.Body.Close()
			return true
		}
		if !expected || time.Now().After(deadline) {
			return false
		}
		time.Sleep(100 * time.Millisecond) // a starting server announces nothing
	}
}

func apply(t *testing.T, c *Cluster, manifests string) {
	t.Helper()
	if err := c.Apply(t.Context(), manifests); err != nil {
		t.Fatal(err)
	}
}

func kubectl(t *testing.T, c *Cluster, args ...string) string {
	t.Helper()
	out, err := c.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
