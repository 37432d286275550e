package sites

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/test/cluster"
)

// TestControlPlane changes a site in a real API server, with only the permissions in docs/drills-rbac.yaml.
func TestControlPlane(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{})
	for _, path := range []string{"testdata/site.yaml", "../../docs/drills-rbac.yaml"} {
		if _, err := c.Kubectl(t.Context(), "apply", "-n", "telepod", "-f", path); err != nil {
			t.Fatal(err)
		}
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.Impersonate = rest.ImpersonationConfig{UserName: "auditor", Groups: []string{"telepod-drill", "system:authenticated"}}
	site, err := connect(config, "use1", Release{Namespace: "telepod", Name: "telepod"})
	if err != nil {
		t.Fatal(err)
	}
	e := &onControlPlane{Cluster: site, admin: c}
	e.awaitPods(t, 2)
	guard := Guard{Clusters: []*Cluster{site}, Drill: "d1"}
	if err := guard.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("scale", e.scale)
	t.Run("partition", e.partition)
	t.Run("partition with a foreign policy", e.foreignPolicy)
	t.Run("kill", e.kill)
	if err := guard.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("ended from elsewhere", e.endedFromElsewhere)
	t.Run("guard", e.guard)
	t.Run("facts", e.facts)
	t.Run("wrong release", e.wrongRelease)
}

type onControlPlane struct {
	*Cluster
	admin *cluster.Cluster
}

func (e *onControlPlane) central(method drill.Method) Central {
	return Central{Cluster: e.Cluster, Drill: "d1", Method: method}
}

func (e *onControlPlane) get(t *testing.T, args ...string) string {
	t.Helper()
	out, err := e.admin.Kubectl(t.Context(), append([]string{"-n", "telepod", "get"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// uids returns the names and UIDs of the site's pods, sorted.
func (e *onControlPlane) uids(t *testing.T) []string {
	t.Helper()
	pods, err := e.pods(t.Context(), "central")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, pod := range pods {
		all = append(all, pod.Name+" "+string(pod.UID))
	}
	slices.Sort(all)
	return all
}

func (e *onControlPlane) awaitPods(t *testing.T, want int) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, wait.ConditionFunc(func() (bool, error) {
		return len(e.uids(t)) == want, nil
	}).WithContext())
	if err != nil {
		t.Fatalf("wait for %d pods, have %v: %v", want, e.uids(t), err)
	}
}

func (e *onControlPlane) scale(t *testing.T) {
	const state = "jsonpath={.spec.replicas} {.metadata.annotations}"
	before := e.get(t, "statefulset", "telepod-central", "-o", state)
	central := e.central(drill.Scale)
	if err := central.Fail(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.awaitPods(t, 0)
	if err := central.Hold(t.Context()); err != nil {
		t.Errorf("hold a site that is down: %v", err)
	}
	if err := central.Fail(t.Context()); err == nil || !strings.Contains(err.Error(), "drill d1 has already done that") {
		t.Errorf("a second drill: %v, want a refusal", err)
	}
	if err := central.Healthy(t.Context()); err == nil || !strings.Contains(err.Error(), "was failed by drill d1") {
		t.Errorf("healthy while failed: %v", err)
	}
	// Another process, without the drill's name or method, can restore it, and repeat that.
	for range 2 {
		if err := (Central{Cluster: e.Cluster}).Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := e.get(t, "statefulset", "telepod-central", "-o", state); withoutApplied(after) != withoutApplied(before) {
		t.Errorf("after the drill %s, before %s", after, before)
	}
	e.awaitPods(t, 2)
	// No node runs its pods; the drill's role is enough to see that.
	if err := central.Healthy(t.Context()); err == nil || !strings.Contains(err.Error(), "the site in use1: statefulset/telepod-central has 0 of 2 ready") {
		t.Errorf("healthy without a ready Collector: %v", err)
	}
	e.scaledBack(t)
}

// scaledBack: if the site is scaled up from elsewhere, the drill reports that and does not scale it again.
func (e *onControlPlane) scaledBack(t *testing.T) {
	central := e.central(drill.Scale)
	if err := central.Fail(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.admin.Kubectl(t.Context(), "-n", "telepod", "scale", "statefulset", "telepod-central", "--replicas=1"); err != nil {
		t.Fatal(err)
	}
	if err := central.Hold(t.Context()); err == nil || !strings.Contains(err.Error(), "has scaled telepod-central to 1: pause what manages it") {
		t.Errorf("hold a site that is up again: %v", err)
	}
	if err := central.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.get(t, "statefulset", "telepod-central", "-o", "jsonpath={.spec.replicas}"); got != "1" {
		t.Errorf("%s replicas, want the 1 set by others", got)
	}
	if _, err := e.admin.Kubectl(t.Context(), "-n", "telepod", "scale", "statefulset", "telepod-central", "--replicas=2"); err != nil {
		t.Fatal(err)
	}
	e.awaitPods(t, 2)
}

// withoutApplied removes the annotation of kubectl apply.
func withoutApplied(state string) string {
	before, _, _ := strings.Cut(state, `"kubectl.kubernetes.io/last-applied`)
	return before
}

// open returns the ports of the site's pods that policies leave open.
func (e *onControlPlane) open(t *testing.T) []string {
	t.Helper()
	site, err := e.central("").site(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	policies, err := e.central("").policiesOf(t.Context(), site.Spec.Template.Labels)
	if err != nil {
		t.Fatal(err)
	}
	var ports []string
	for _, policy := range policies {
		for _, rule := range policy.Spec.Ingress {
			for _, port := range rule.Ports {
				ports = append(ports, port.Port.String())
			}
		}
	}
	return ports
}

func (e *onControlPlane) policies(t *testing.T) []networking.NetworkPolicy {
	t.Helper()
	all, err := e.client.NetworkingV1().NetworkPolicies("telepod").List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all.Items {
		all.Items[i].ObjectMeta = meta.ObjectMeta{Name: all.Items[i].Name, Labels: all.Items[i].Labels}
	}
	return all.Items
}

func (e *onControlPlane) partition(t *testing.T) {
	before := e.policies(t)
	central := e.central(drill.Partition)
	if err := central.Fail(t.Context()); err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff([]string{"8888", "13133"}, e.open(t)); difference != "" {
		t.Errorf("open ports during the partition (-want +got):\n%s", difference)
	}
	for range 2 {
		if err := (Central{Cluster: e.Cluster}).Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if difference := cmp.Diff(before, e.policies(t)); difference != "" {
		t.Errorf("policies after the drill (-before +after):\n%s", difference)
	}
}

func (e *onControlPlane) foreignPolicy(t *testing.T) {
	err := e.admin.Apply(t.Context(), `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: everybody, namespace: telepod}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
`)
	if err != nil {
		t.Fatal(err)
	}
	before := e.policies(t)
	if err := e.central(drill.Partition).Fail(t.Context()); err == nil || !strings.Contains(err.Error(), "NetworkPolicy everybody is not part of the release") {
		t.Errorf("error %v, want it to name the policy", err)
	}
	if difference := cmp.Diff(before, e.policies(t)); difference != "" {
		t.Errorf("policies after the refusal (-before +after):\n%s", difference)
	}
	if _, err := e.admin.Kubectl(t.Context(), "-n", "telepod", "delete", "networkpolicy", "everybody"); err != nil {
		t.Fatal(err)
	}
}

func (e *onControlPlane) kill(t *testing.T) {
	central := e.central(drill.Kill)
	for _, do := range []func() error{
		func() error { return central.Fail(t.Context()) },
		func() error { return central.Hold(t.Context()) },
	} {
		before := e.uids(t)
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if after := e.uids(t); slices.ContainsFunc(after, func(uid string) bool { return slices.Contains(before, uid) }) {
			t.Errorf("pods %v, want none of those before: %v", after, before)
		}
		e.awaitPods(t, 2)
	}
	if ready, err := central.Ready(t.Context()); ready || err != nil {
		t.Errorf("ready %v, %v, want pending pods not to be ready", ready, err)
	}
	if err := central.Restore(t.Context()); err != nil {
		t.Error(err)
	}
}

func (e *onControlPlane) facts(t *testing.T) {
	fact, err := e.Facts(t.Context(), "primary")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(fact.Kubernetes, "v1.") {
		t.Errorf("Kubernetes %q", fact.Kubernetes)
	}
	fact.Kubernetes = ""
	want := drill.ClusterFact{Name: "use1", Roles: []string{"primary"}, User: "auditor", Chart: "telepod-0.1.0", Images: []string{"example.test/collector:1"}}
	if difference := cmp.Diff(want, fact); difference != "" {
		t.Errorf("facts (-want +got):\n%s", difference)
	}
}

func (e *onControlPlane) wrongRelease(t *testing.T) {
	other := *e.Cluster
	other.Release.Name = "telepot"
	if _, err := (Central{Cluster: &other}).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "release telepot in namespace telepod has 0 StatefulSets") {
		t.Errorf("error %v, want it to name the release", err)
	}
}
