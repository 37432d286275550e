//go:build !injector

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
)

// deadClusters writes a kubeconfig with the contexts shop-use1 and shop-euw1, whose API servers refuse connections.
func deadClusters(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kube config")
	const text = `{apiVersion: v1, kind: Config, current-context: shop-use1, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
  contexts: [{name: shop-use1, context: {cluster: c}}, {name: shop-euw1, context: {cluster: c}}]}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSelection: an error in the choice of clusters names what is wrong, and exits with the same code in each command.
func TestSelection(t *testing.T) {
	t.Setenv("KUBECONFIG", deadClusters(t))
	word := filepath.Join(t.TempDir(), "word")
	if err := os.WriteFile(word, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"status", "--kubeconfig", "/nonexistent"}, exitUsage, "error: /nonexistent does not exist: check --kubeconfig\n"},
		{[]string{"check", "--kubeconfig", "/nonexistent"}, exitUsage, "error: /nonexistent does not exist: check --kubeconfig\n"},
		{[]string{"status", "--kubeconfig", word}, exitUsage, "error: " + word + " is not a kubeconfig, which has apiVersion: v1 and kind: Config\n"},
		{[]string{"check", "--contexts", "shop-use1", "shop-euw1"}, exitUsage, `unexpected argument "shop-euw1": separate contexts by commas: --contexts shop-use1,shop-euw1` + "\n"},
		{[]string{"status", "--contexts", "shop-use1,", "shop-euw1"}, exitUsage, "--contexts shop-use1,shop-euw1\n"},
		{[]string{"check", "shop-euw1"}, exitUsage, `unknown command "shop-euw1"`},
		{[]string{"check", "--context", "shop-use1,shop-euw1"}, exitUsage, "--context selects one context; 'telepod status' and 'telepod check' accept several, with --contexts\n"},
		{[]string{"status", "--context", "shop-us1"}, exitUsage, `context "shop-us1" does not exist (did you mean "shop-use1"?)` + "\n"},
		{[]string{"check", "--contexts", "shop-use1,prod"}, exitUsage, `context "prod" does not exist: 'kubectl config get-contexts' lists the contexts of the kubeconfig` + "\n"},
		{[]string{"drill", "failover", "--observe", "--contexts", "shop-us1"}, exitError, `context "shop-us1" does not exist (did you mean "shop-use1"?)`},
		{[]string{"stale", "--contexts", "shop-use1"}, exitUsage, "unknown flag: --contexts: this command reads one cluster: use --context\n"},
		{[]string{"stale"}, exitUsage, "error: context shop-use1: ask the API server for its version: dial tcp 127.0.0.1:1: connect: connection refused\n"},
		{[]string{"explain", "deploy/order", "--context", "shop-euw1"}, exitError, "error: context shop-euw1: ask the API server for its version: dial tcp 127.0.0.1:1: "},
		{[]string{"check", "--contexts", "shop-use1, shop-euw1", "-o", "json"}, exitError, ""},
		{[]string{"explain", "pods"}, exitUsage, "error: pods is a type of workload without a name: use TYPE/NAME, such as deployment/web\n"},
		{[]string{"explain", "deploy/"}, exitUsage, "error: deploy is a type of workload without a name: use TYPE/NAME"},
		{[]string{"explain", "order"}, exitUsage, "error: order is neither a file nor a workload of a cluster: use TYPE/NAME, such as deployment/web\n"},
		{[]string{"explain", "svc/order"}, exitUsage, `error: svc/order is not a file, and "svc" is not a type of workload: use TYPE/NAME, such as deployment/web`},
		{[]string{"explain", "app.yaml"}, exitError, "error: read manifests: stat app.yaml: no such file or directory\n"},
		{[]string{"health"}, exitUsage, "error: name an endpoint, such as collector.example:4318\n"},
	} {
		var out, stderr bytes.Buffer
		if code := run(test.args, streams{os.Stdin, &out, &stderr}); code != test.code || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%q: exit code %d, want %d with %q\n%s%s", test.args, code, test.code, test.want, &out, &stderr)
		}
	}
	for variable, want := range map[string]string{"/nonexistent": "/nonexistent does not exist: check the variable KUBECONFIG\n", "/no1:/no2": "/no1, /no2 do not exist: check the variable KUBECONFIG\n"} {
		t.Setenv("KUBECONFIG", variable)
		var out, stderr bytes.Buffer
		if code := run([]string{"status"}, streams{os.Stdin, &out, &stderr}); code != exitUsage || stderr.String() != "error: "+want || out.Len() > 0 {
			t.Errorf("exit code %d, want %q\n%s%s", code, want, &out, &stderr)
		}
	}
}

// TestRepairsNameTheKubeconfig: a repair acts on the cluster that was read, also if it was not the default one.
func TestRepairsNameTheKubeconfig(t *testing.T) {
	path := deadClusters(t)
	var out, stderr bytes.Buffer
	run([]string{"check", "--kubeconfig", path, "--contexts", "shop-use1,shop-euw1"}, streams{os.Stdin, &out, &stderr})
	if want := "repair: kubectl --kubeconfig '" + path + "' --context shop-euw1 version\n"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s%s", want, &out, &stderr)
	}
	t.Setenv("KUBECONFIG", path)
	out.Reset()
	run([]string{"check"}, streams{os.Stdin, &out, &stderr})
	if !strings.Contains(out.String(), "repair: kubectl version\n") {
		t.Errorf("%s%s", &out, &stderr)
	}
	f := checkFlags{liveFlags: liveFlags{kubeconfig: path, context: "a b", release: inventory.Release{Namespace: "telepod", Name: "telepod"}}}
	s := f.empty(&inventory.Cluster{Context: "a b"})
	s.Kubernetes.Value, s.Webhook.Err = apiversion.MustParseGeneric("1.36"), nil
	s.Injector.Value.Workloads = []checks.Workload{{Kind: "Deployment", Name: "telepod-injector", Desired: 1, Ready: 1}}
	s.OutOfDate.Value = map[fleet.State]int{fleet.Bare: 1}
	for _, want := range []string{"telepod restart --bare -A --kubeconfig '" + path + "' --context 'a b'", "helm --kubeconfig '" + path + "' --kube-context 'a b' -n telepod upgrade"} {
		if !slices.ContainsFunc(s.Lines(), func(l checks.Line) bool { return strings.HasPrefix(l.Repair, want) }) {
			t.Errorf("no %q in %+v", want, s.Lines())
		}
	}
}
