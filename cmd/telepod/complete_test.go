//go:build !injector

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completed returns the completions; the last argument is the start of the next word.
func completed(t *testing.T, args ...string) []string {
	t.Helper()
	var out, stderr bytes.Buffer
	if code := run(append([]string{"__complete"}, args...), streams{os.Stdin, &out, &stderr}); code != exitOK {
		t.Errorf("__complete %q: exit code %d: %s", args, code, &stderr)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[:len(lines)-1] // the last is the directive
}

// completion offers names from the kubeconfig and the cluster, with the permissions of 'telepod rbac'.
func (l *onCluster) completion(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"stale --context ", "telepod"},
		{"status --contexts ", "telepod"},
		{"status --contexts other,", "other,telepod"},
		{"status --contexts telepod,", ""},
		{"drill failover --primary ", "telepod"},
		{"stale -n ", "default kube-node-lease kube-public kube-system other shop strict telepod"},
		{"explain -n shop deploy/", "deploy/checkout deploy/offline deploy/quiet"},
		{"explain --context telepod -n other deploy/", "deploy/bystander deploy/volunteer"},
		{"explain -n shop deploy ", "checkout offline quiet"},
		{"explain deploy/web --site-contexts ", "telepod"},
		{"explain nonsense/", ""},
		{"restart --context ", "telepod"},
		{"restart --stale -n ", "default kube-node-lease kube-public kube-system other shop strict telepod"},
		{"restart --stale ", ""},
		{"check --probe-namespace ", "default kube-node-lease kube-public kube-system other shop strict telepod"},
		{"repair --probe-namespace ", "default kube-node-lease kube-public kube-system other shop strict telepod"},
		{"explain -n shop sec", "deployment/ statefulset/ daemonset/ replicaset/ job/ cronjob/ rollout/ pod/"},
		{"stale --context none -n ", ""},
	} {
		words := strings.Split(test.args, " ")
		// A shell passes flags in the order in which they were typed.
		command := []string{words[0]}
		if words[0] == "drill" {
			command = words[:2]
		}
		args := append(append(slices.Clone(command), "--kubeconfig", l.kubeconfig), words[len(command):]...)
		if got := strings.Join(completed(t, args...), " "); got != test.want {
			t.Errorf("%s: offered %q, want %q", test.args, got, test.want)
		}
	}
}

// TestCompletionWithoutACluster: nothing is offered, and nothing fails or hangs.
func TestCompletionWithoutACluster(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	dead := filepath.Join(t.TempDir(), "dead")
	config := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: dead, contexts: [{name: dead, context: {cluster: c}}], clusters: [{name: c, cluster: {server: %q}}]}`, silent.URL)
	broken := filepath.Join(t.TempDir(), "broken")
	for path, content := range map[string]string{dead: config, broken: "]["} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for kubeconfig, contexts := range map[string]string{dead: "dead", broken: "", filepath.Join(t.TempDir(), "none"): ""} {
		for _, args := range [][]string{{"stale", "-n", ""}, {"explain", "deploy/"}, {"status", "--contexts", ""}} {
			want := ""
			if args[0] == "status" {
				want = contexts
			}
			if got := strings.Join(completed(t, append([]string{args[0], "--kubeconfig", kubeconfig}, args[1:]...)...), " "); got != want {
				t.Errorf("%s with %s: offered %q, want %q", args, kubeconfig, got, want)
			}
		}
	}
}

// TestCompletionOfWords: profiles, reasons and choices need no cluster.
func TestCompletionOfWords(t *testing.T) {
	for args, want := range map[string]string{
		"stale --profile ": "aws", "explain --profile ": "aws", "profiles show ": "gcp", "reasons ": "host-network", "cost --by ": "service", "status -o ": "json",
	} {
		if got := completed(t, strings.Split(args, " ")...); !slices.Contains(got, want) {
			t.Errorf("%s: offered %q, want %q among them", args, got, want)
		}
	}
}
