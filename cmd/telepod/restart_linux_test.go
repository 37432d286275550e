//go:build !injector

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// TestRestart restarts and repairs real pods on a real node, with the chart's injector: working, and broken on
// purpose.
func TestRestart(t *testing.T) {
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
	c := cluster.ForTest(t, cluster.Options{Name: "restart", Nodes: make([]cluster.Node, 1), Images: images})
	if err := install.Telepod(t.Context(), c, install.Options{}); err != nil {
		t.Fatal(err)
	}
	n := &onNode{onCluster: onCluster{admin: c, kubeconfig: viewer(t, c.Kubeconfig())}}
	roles, _ := n.run(t, exitOK, "rbac", "--group", "viewers")
	if err := c.Apply(t.Context(), roles); err != nil {
		t.Fatal(err)
	}
	n.bare(t, "shop")
	t.Run("without permissions", n.withoutPermissions)
	roles, _ = n.run(t, exitOK, "rbac", "--group", "viewers", "--restart")
	if err := c.Apply(t.Context(), roles); err != nil {
		t.Fatal(err)
	}
	t.Run("only planned", n.onlyPlanned)
	t.Run("without an injector", n.injectorAway)
	t.Run("interrupted, and continued", n.interrupted)
	t.Run("restarted", n.restarted)
	t.Run("new pods are bare", n.newPodsAreBare)
	t.Run("a rollout fails", n.rolloutFails)
	t.Run("repair", n.repair)
}

// onNode runs commands on a cluster with running pods.
type onNode struct{ onCluster }

// kubectl runs kubectl as administrator.
func (n *onNode) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := n.admin.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 2*time.Minute, true, wait.ConditionFunc(func() (bool, error) { return so(), nil }).WithContext())
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// bare creates a namespace and its workloads, then opts the namespace in. It returns the pods.
func (n *onNode) bare(t *testing.T, namespace string) map[string]bool {
	t.Helper()
	slow := "0"
	if namespace == "shop" {
		slow = "4" // long enough to be interrupted
	}
	shop := strings.NewReplacer("NAMESPACE", namespace, "MIN_READY_SECONDS", slow).Replace(string(read(t, "testdata/restart/shop.yaml")))
	if err := n.admin.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	return n.optIn(t, namespace, 3+2+1+2+2+2+1)
}

// optIn labels a namespace once that many pods are ready, and returns them.
func (n *onNode) optIn(t *testing.T, namespace string, pods int) map[string]bool {
	t.Helper()
	eventually(t, fmt.Sprintf("%d pods of namespace %s are ready", pods, namespace), func() bool {
		out, err := n.admin.Kubectl(t.Context(), "-n", namespace, "get", "pods", `-o=jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}`)
		return err == nil && strings.Count(out, "True") == pods
	})
	for _, name := range strings.Fields(n.kubectl(t, "-n", namespace, "get", "deployments", "-o", "name")) {
		n.kubectl(t, "-n", namespace, "rollout", "status", name, "--timeout=90s") // ready for minReadySeconds, too
	}
	before := n.uids(t, namespace, "")
	n.kubectl(t, "label", "namespace", namespace, "telepod.dev/injection=enabled")
	return before
}

// uids returns the running pods of a namespace, and whether each is injected.
func (n *onNode) uids(t *testing.T, namespace, selector string) map[string]bool {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct {
				UID               string
				DeletionTimestamp *time.Time
				Annotations       map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(n.kubectl(t, "-n", namespace, "get", "pods", "-l", selector, "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, pod := range list.Items {
		if pod.Metadata.DeletionTimestamp == nil {
			_, found[pod.Metadata.UID] = pod.Metadata.Annotations[injector.StatusAnnotation]
		}
	}
	return found
}

// fresh counts the pods that are not among others.
func fresh(pods, before map[string]bool) (n int) {
	for uid := range pods {
		if _, old := before[uid]; !old {
			n++
		}
	}
	return n
}

// outOfDate returns the workloads of a namespace that are bare or stale.
func (n *onNode) outOfDate(t *testing.T, namespace string) []string {
	t.Helper()
	out, _ := n.runAny(t, "stale", "-n", namespace, "-o", "json")
	var workloads []fleet.Workload
	if err := json.Unmarshal([]byte(out), &workloads); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	list := []string{}
	for _, w := range workloads {
		list = append(list, w.Kind+"/"+w.Name)
	}
	return list
}

// leftAlone returns the workloads of testdata/restart/shop.yaml that must not be changed.
func leftAlone() []string {
	return []string{"Deployment/guarded", "Deployment/quiet", "Pod/lonely", "StatefulSet/manual"}
}

func (n *onNode) withoutPermissions(t *testing.T) {
	_, stderr := n.run(t, 2, "restart", "--bare", "-n", "shop", "--dry-run")
	if !strings.Contains(stderr, "list poddisruptionbudgets in namespace shop") || !strings.Contains(stderr, "telepod rbac") {
		t.Error(stderr)
	}
}

// onlyPlanned: neither a dry run nor a plan that is not confirmed changes anything.
func (n *onNode) onlyPlanned(t *testing.T) {
	before := n.uids(t, "shop", "")
	out, _ := n.run(t, exitOK, "restart", "--bare", "-n", "shop", "--dry-run")
	for _, text := range []string{
		"3 to restart, 0 to watch, 4 to leave alone in namespace shop of context ",
		"budget-blocked: PodDisruptionBudget guarded needs 2 of 2 pods and has 2 healthy, and a rollout makes 1 unavailable at a time",
		"on-delete: delete its pods one by one",
		"opted-out: remove the annotation telepod.dev/repair",
		"no-rollout: no controller recreates it",
		"\ndry run: nothing was done\n",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("no %q in\n%s", text, out)
		}
	}
	if out, _ := n.run(t, exitOK, "restart", "--stale", "-n", "shop"); !strings.HasPrefix(out, "nothing to restart in namespace shop of context ") {
		t.Error(out)
	}
	_, stderr := n.run(t, 1, "restart", "--bare", "-n", "shop") // the test's standard input has no answer
	if !strings.Contains(stderr, "nothing was done: answer yes, or use --yes") {
		t.Error(stderr)
	}
	if n := fresh(n.uids(t, "shop", ""), before); n != 0 {
		t.Errorf("%d pods were replaced", n)
	}
}

// scaleInjector scales the injector and waits until all of its pods are ready, or deleted.
func (n *onNode) scaleInjector(t *testing.T, replicas int) {
	t.Helper()
	n.kubectl(t, "-n", install.Namespace, "scale", "deployment/"+install.Name, fmt.Sprintf("--replicas=%d", replicas))
	if replicas > 0 {
		if err := install.Injecting(t.Context(), n.admin); err != nil {
			t.Fatal(err)
		}
		return
	}
	n.kubectl(t, "-n", install.Namespace, "wait", "--for=delete", "pod", "-l", "app.kubernetes.io/component=injector", "--timeout=90s")
}

func (n *onNode) injectorAway(t *testing.T) {
	before := n.uids(t, "shop", "")
	n.scaleInjector(t, 0)
	defer n.scaleInjector(t, 2)
	_, stderr := n.run(t, 1, "restart", "--bare", "-n", "shop", "--yes")
	if !strings.Contains(stderr, ": injector-ill: a trial pod is bare: ") || !strings.Contains(stderr, "run 'telepod check'") {
		t.Error(stderr)
	}
	if n := fresh(n.uids(t, "shop", ""), before); n != 0 {
		t.Errorf("%d pods were replaced", n)
	}
}

// interrupted: a second run watches the rollout that the first one started, and does not start it again.
func (n *onNode) interrupted(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "restart", "--bare", "-n", "shop", "--yes", "--kubeconfig", n.kubeconfig)
	cmd.Env = append(os.Environ(), envRunsCommand+"=1")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mark := func() string {
		return n.kubectl(t, "-n", "shop", "get", "deployment", "web", "-o", `jsonpath={.metadata.annotations.telepod\.dev/restarting}`)
	}
	var first string
	eventually(t, "the first restart has started", func() bool {
		first = mark()
		return first != ""
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "interrupted: run the same command again to continue") {
		t.Errorf("%v\n%s", err, &out)
	}
	if _, stderr := n.run(t, exitOK, "restart", "--bare", "-n", "shop", "--yes"); stderr != "" {
		t.Error(stderr)
	}
	if left := mark(); left != "" {
		t.Errorf("the mark remains: %s", left)
	}
	if at := n.kubectl(t, "-n", "shop", "get", "deployment", "web", "-o", `jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}`); at == "" || !strings.Contains(first, at) {
		t.Errorf("restarted at %s, want the first restart's, %s", at, first)
	}
}

// restarted checks the result of the previous runs.
func (n *onNode) restarted(t *testing.T) {
	if got := n.outOfDate(t, "shop"); !slices.Equal(got, leftAlone()) {
		t.Errorf("out of date: %q, want %q", got, leftAlone())
	}
	for name, pods := range map[string]int{"web": 3, "orders": 2, "agent": 1} {
		all := n.uids(t, "shop", "app="+name)
		for _, injected := range all {
			if !injected || len(all) != pods {
				t.Errorf("%s: %v, want %d injected pods", name, all, pods)
			}
		}
	}
	out, _ := n.run(t, exitOK, "restart", "--bare", "--stale", "-n", "shop", "-o", "json", "--yes")
	var report struct{ Plan []restart.Step }
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Plan) != 4 {
		t.Errorf("%v: %s", err, out)
	}
}

// breakInjector makes the API server call the webhook only for dry runs: trial pods are injected, but real ones are
// not.
func (n *onNode) breakInjector(t *testing.T, broken bool) {
	t.Helper()
	directive := `"$patch": "delete"`
	if broken {
		directive = `"expression": "request.?dryRun.orValue(false)"`
	}
	var hooks []string
	for _, name := range strings.Fields(n.kubectl(t, "get", "mutatingwebhookconfiguration", install.Name, "-o", "jsonpath={.webhooks[*].name}")) {
		hooks = append(hooks, fmt.Sprintf(`{"name": %q, "matchConditions": [{"name": "only-dry-runs", %s}]}`, name, directive))
	}
	n.kubectl(t, "patch", "mutatingwebhookconfiguration", install.Name, "--type=strategic", "-p", `{"webhooks": [`+strings.Join(hooks, ",")+`]}`)
	eventually(t, "the API server knows the webhook's conditions", func() bool {
		manifest := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "seen", "namespace": "default", "labels": {"telepod.dev/inject": "true"}},
			"spec": {"schedulingGates": [{"name": "telepod.dev/test"}], "automountServiceAccountToken": false, "containers": [{"name": "app", "image": "telepod.test/app:1"}]}}`
		if err := n.admin.Apply(t.Context(), manifest); err != nil {
			return false
		}
		status := n.kubectl(t, "get", "pod", "seen", "-o", `jsonpath={.metadata.annotations.telepod\.dev/status}`)
		n.kubectl(t, "delete", "pod", "seen", "--grace-period=0", "--force")
		return (status == "") == broken
	})
}

func (n *onNode) newPodsAreBare(t *testing.T) {
	n.bare(t, "again")
	n.breakInjector(t, true)
	defer n.breakInjector(t, false)
	_, stderr := n.run(t, 1, "restart", "--bare", "-n", "again", "--yes")
	if !strings.Contains(stderr, "DaemonSet/agent in namespace again: came-back-bare: ") {
		t.Error(stderr)
	}
	for _, other := range []string{"deployment/web", "statefulset/orders"} {
		if got := n.kubectl(t, "-n", "again", "get", other, "-o", "jsonpath={.metadata.generation}"); got != "1" {
			t.Errorf("%s has generation %s: it was restarted after the failure", other, got)
		}
	}
}

func (n *onNode) rolloutFails(t *testing.T) {
	if err := n.admin.Apply(t.Context(), string(read(t, "testdata/restart/stuck.yaml"))); err != nil {
		t.Fatal(err)
	}
	before := n.optIn(t, "stuck", 2)
	_, stderr := n.run(t, 1, "restart", "--bare", "-n", "stuck", "--yes")
	for _, text := range []string{"Deployment/stuck in namespace stuck: rollout-failed: ", "didn't have free ports for the requested pod ports", "add --rollback, or run kubectl -n stuck rollout undo deployment/stuck"} {
		if !strings.Contains(stderr, text) {
			t.Errorf("no %q in %s", text, stderr)
		}
	}
	out, _ := n.run(t, 1, "restart", "--bare", "-n", "stuck", "--yes", "--rollback")
	if !strings.Contains(out, "rolled-back: ") || !strings.Contains(out, "the rollback is complete: 1 of 1 pods") {
		t.Error(out)
	}
	eventually(t, "the pod that did not start is gone", func() bool { return fresh(n.uids(t, "stuck", ""), before) == 0 })
	if after := n.uids(t, "stuck", ""); len(after) != len(before) {
		t.Errorf("%d pods, want the %d from before", len(after), len(before))
	}
}
