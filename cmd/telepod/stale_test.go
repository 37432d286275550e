//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/cluster"
)

// onCluster runs commands on a real API server, as a user with only the permissions of 'telepod rbac'.
type onCluster struct {
	admin      *cluster.Cluster
	kubeconfig string
	hash       string // of the profile shop
}

// TestOnCluster starts one control plane for all commands that read a cluster.
func TestOnCluster(t *testing.T) {
	for _, name := range []string{envRegion, envAccount, envCluster, envEnvironment} {
		t.Setenv(name, "")
	}
	c := cluster.ForTest(t, cluster.Options{})
	l := &onCluster{c, viewer(t, c.Kubeconfig()), shopHash(t)}
	if err := c.Apply(t.Context(), string(read(t, "testdata/live/cluster.yaml"))); err != nil {
		t.Fatal(err)
	}
	t.Run("without permissions", l.withoutPermissions)
	roles, _ := l.run(t, exitOK, "rbac", "--group", "viewers")
	if err := c.Apply(t.Context(), roles); err != nil {
		t.Fatal(err)
	}
	l.inject(t)
	l.scale(t, 1)
	t.Run("stale", l.stale)
	t.Run("stale in one namespace", l.staleInNamespace)
	t.Run("stale by flags", l.staleByFlags)
	t.Run("explain", l.explain)
	t.Run("explain every kind", l.explainKinds)
	t.Run("explain as JSON", l.explainJSON)
	t.Run("explain mistakes", l.explainMistakes)
	t.Run("explain changes", l.explainChanges)
	l.scale(t, 0)
	t.Run("stale without an injector", l.staleWithoutInjector)
	t.Run("check", l.check)
	t.Run("completion", l.completion)
	t.Run("status", l.status)
	t.Run("status as a page", l.statusPage)
	t.Run("status until Ctrl-C", l.statusInteractive)
	t.Run("chart", l.chart)
}

// shopHash returns the hash of the profile in testdata/live/cluster.yaml with the facts of the injector there.
func shopHash(t *testing.T) string {
	t.Helper()
	facts := profiles.Facts{Identity: profiles.Identity{Region: "us-east-1", Account: "123456789012", Cluster: "prod-use1"}}
	set, err := profiles.Load(facts, profiles.Source{Name: "shop.yaml", Data: []byte("name: shop\ninherits: aws\nresourceAttributes: {team: shop}\n")})
	if err != nil {
		t.Fatal(err)
	}
	profile, _ := set.Lookup("shop")
	return profile.Hash
}

// viewer returns a kubeconfig of a member of the group viewers.
func viewer(t *testing.T, admin string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(admin)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]*api.AuthInfo{}
	for name, user := range config.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = "viewer", []string{"viewers", "system:authenticated"}
		users[name] = user
	}
	config.AuthInfos = users
	path := filepath.Join(t.TempDir(), "viewer.kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// inject waits for the pods and applies the webhook's changes to some of them.
func (l *onCluster) inject(t *testing.T) {
	t.Helper()
	for label, n := range map[string]int{"checkout": 2, "orders": 1, "offline": 1, "quiet": 1, "volunteer": 1, "bystander": 1} {
		l.pods(t, label, n)
	}
	for i, pod := range l.pods(t, "checkout", 2) {
		hash := []string{l.hash, "0123456789ab"}[i]
		status := fmt.Sprintf(`telepod.dev/status={"profile":"shop","hash":%q,"reason":"namespace-enabled","containers":["app"],"sidecar":"none","endpoint":"node","protocol":"grpc","silent":{"app":"no-endpoint-here"}}`, hash)
		if _, err := l.admin.Kubectl(t.Context(), "-n", "shop", "annotate", pod, status); err != nil {
			t.Fatal(err)
		}
	}
}

// scale scales the injector, whose pods never run here, and waits for the number of its pods.
func (l *onCluster) scale(t *testing.T, replicas int) {
	t.Helper()
	if _, err := l.admin.Kubectl(t.Context(), "-n", "telepod", "scale", "deployment/telepod-injector", fmt.Sprintf("--replicas=%d", replicas)); err != nil {
		t.Fatal(err)
	}
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, wait.ConditionFunc(func() (bool, error) {
		out, err := l.admin.Kubectl(t.Context(), "-n", "telepod", "get", "pods", "-o", "name")
		return len(strings.Fields(out)) == replicas, err
	}).WithContext())
	if err != nil {
		t.Fatalf("scale the injector to %d: %v", replicas, err)
	}
}

// staleWithoutInjector: no restart is proposed that would create bare pods.
func (l *onCluster) staleWithoutInjector(t *testing.T) {
	out, _ := l.run(t, 1, "stale", "-n", "shop")
	want := "\n  # Deployment/checkout in shop: the injector is scaled to zero, so new pods would be bare: first kubectl -n telepod scale deployment/telepod-injector --replicas=2, then kubectl -n shop rollout restart deployment/checkout\n"
	if !strings.Contains(out, want) || strings.Contains(out, "\n  kubectl") {
		t.Errorf("no %q in\n%s", want, out)
	}
}

// pods waits for the pods with a label, and returns their names in kubectl's format.
func (l *onCluster) pods(t *testing.T, app string, want int) (names []string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, wait.ConditionFunc(func() (bool, error) {
		namespace := "shop"
		if app == "volunteer" || app == "bystander" {
			namespace = "other"
		}
		out, err := l.admin.Kubectl(t.Context(), "-n", namespace, "get", "pods", "-l", "app="+app, "-o", "name")
		names = strings.Fields(out)
		return len(names) == want, err
	}).WithContext())
	if err != nil {
		t.Fatalf("wait for %d pods of %s, have %v: %v", want, app, names, err)
	}
	return names
}

// run runs a command line on the cluster.
func (l *onCluster) run(t *testing.T, code int, args ...string) (out, stderr string) {
	t.Helper()
	t.Setenv("KUBECONFIG", l.kubeconfig)
	var stdout, errors bytes.Buffer
	if got := run(args, streams{os.Stdin, &stdout, &errors}); got != code {
		t.Errorf("telepod %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, &stdout, &errors)
	}
	return stdout.String(), errors.String()
}

func (l *onCluster) withoutPermissions(t *testing.T) {
	_, stderr := l.run(t, 2, "stale", "-A")
	if !strings.Contains(stderr, "list deployments in namespace telepod: ") || !strings.Contains(stderr, "'telepod rbac' prints the required permissions") {
		t.Errorf("standard error: %s", stderr)
	}
	out, _ := l.run(t, 1, "check")
	for _, text := range []string{": 1 failed, 0 unknown, ", "\nproblems\n  ✗ you lack permission to list nodes in all namespaces, list deployments in namespace telepod, ", "\n    repair: telepod rbac --group GROUP | kubectl apply -f -\n", "\n    so ? the injector: unknown: "} {
		if !strings.Contains(out, text) {
			t.Errorf("check without permissions: no %q in\n%s", text, out)
		}
	}
}

// listed returns the workloads in the output of stale, each with its state and repair.
func (l *onCluster) listed(t *testing.T, code int, args ...string) []string {
	t.Helper()
	out, _ := l.run(t, code, append([]string{"stale", "-o", "json"}, args...)...)
	var workloads []fleet.Workload
	if err := json.Unmarshal([]byte(out), &workloads); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	list := []string{}
	for _, w := range workloads {
		if w.Since.IsZero() || w.Would == nil || w.Why == "" {
			t.Errorf("%+v is incomplete", w)
		}
		list = append(list, fmt.Sprintf("%s %s/%s %d of %d %s: %s", w.Namespace, w.Kind, w.Name, w.Affected, w.Pods, w.State, repairLine(w.Identity, w.Repair)))
	}
	return list
}

func (l *onCluster) stale(t *testing.T) {
	want := []string{
		"other Deployment/volunteer 1 of 1 bare: kubectl -n other rollout restart deployment/volunteer",
		"shop Deployment/checkout 1 of 2 stale: kubectl -n shop rollout restart deployment/checkout",
		"shop Deployment/offline 1 of 1 stale: # Deployment/offline in shop: its manifest was injected by 'telepod inject': inject the original again, and apply the result; a restart has no effect",
		"shop StatefulSet/orders 1 of 1 bare: kubectl -n shop rollout restart statefulset/orders  # its update strategy is OnDelete: delete its pods one by one after that",
	}
	if diff := cmp.Diff(want, l.listed(t, 1, "-A")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out, _ := l.run(t, 1, "stale", "-A", "--context", "telepod"); !strings.Contains(out, "\n  kubectl --context telepod -n shop rollout restart deployment/checkout\n") {
		t.Errorf("repairs do not name the context in\n%s", out)
	}
	out, _ := l.run(t, 1, "stale", "-A")
	for _, text := range []string{
		"4 out of date: 2 bare, 2 stale in all namespaces of context ",
		"profile shop changed: content 0123456789ab, now " + l.hash,
		"has profile aws@0123456789ab; a new pod would get shop@" + l.hash,
		"\n  kubectl -n shop rollout restart deployment/checkout\n",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("no %q in\n%s", text, out)
		}
	}
}

func (l *onCluster) staleInNamespace(t *testing.T) {
	if got := l.listed(t, 1, "-n", "other"); len(got) != 1 || !strings.HasPrefix(got[0], "other Deployment/volunteer ") {
		t.Errorf("%q", got)
	}
	// The context has no namespace, so the namespace is default, which has no pods.
	out, _ := l.run(t, exitOK, "stale")
	if !strings.HasPrefix(out, "up to date: every pod in namespace default of context ") {
		t.Error(out)
	}
	if _, stderr := l.run(t, 2, "stale", "-n", "none"); !strings.Contains(stderr, `namespace "none" does not exist: check -n and --context`) {
		t.Error(stderr)
	}
	if _, stderr := l.run(t, 2, "stale", "--release", "telepot"); !strings.Contains(stderr, "release telepot in namespace telepod of context") {
		t.Error(stderr)
	}
}

// staleByFlags judges by settings of the command line: the profile shop is not among them.
func (l *onCluster) staleByFlags(t *testing.T) {
	out, _ := l.run(t, 1, "stale", "-n", "shop", "--profile", "aws", "--cluster", "prod-use1")
	if !strings.Contains(out, "a new pod would get aws@") {
		t.Error(out)
	}
}

// TestRBAC: invalid names are refused, and names that YAML would parse as another type are quoted.
func TestRBAC(t *testing.T) {
	for _, test := range []struct {
		args        string
		code        int
		out, stderr string
	}{
		{"--name 123 --release shop", exitOK, "name: \"123\"\n", ""},
		{"--release shop", exitOK, `["shop-telepod-injector-profiles"]`, ""},
		{"--injector own", exitOK, `resourceNames: ["own"]`, ""},
		{"--group a:\"b", exitOK, `name: "a:\"b"`, ""},
		{"--name A_b", exitUsage, "", `--name: "A_b" is not a valid name in Kubernetes`},
		{"--group=", exitUsage, "", "--group is empty: set it to the name of a group"},
	} {
		var out, stderr bytes.Buffer
		code := run(append([]string{"rbac"}, strings.Fields(test.args)...), streams{os.Stdin, &out, &stderr})
		if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit code %d\n%s%s", test.args, code, &out, &stderr)
		}
	}
}

// runAny runs a command line on the cluster, and returns its exit code.
func (l *onCluster) runAny(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var stdout, errors bytes.Buffer
	t.Setenv("KUBECONFIG", l.kubeconfig)
	code = run(args, streams{os.Stdin, &stdout, &errors})
	return stdout.String(), code
}
