package helm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/cluster"
)

// TestAPIServer installs the chart into a real API server without nodes, to check what it accepts, which pods reach the
// webhooks and which warnings the policies return.
func TestAPIServer(t *testing.T) {
	c := newServer(t)
	c.apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: telepod, labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: enabled, labels: {telepod.dev/injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: disabled, labels: {telepod.dev/injection: disabled}}
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: gvisor}
handler: runsc
---
apiVersion: v1
kind: Namespace
metadata: {name: plain}`)
	t.Run("strict dry run", c.testDryRun)
	for _, version := range []string{"v3", "v4"} {
		t.Run("install, upgrade and uninstall by Helm "+version, func(t *testing.T) { c.testRelease(t, version) })
	}
	c.helm(t, "v4", "install", "--values", presets(t)["aws"])
	t.Run("permissions", c.testPermissions)
	t.Run("PodSecurity restricted", c.testPodSecurity)
	t.Run("pods that reach the webhooks", c.testMatching)
	t.Run("warnings", c.testWarnings)
	t.Run("second release", c.testSecondRelease)
	t.Run("volumes", c.testVolumes)
	t.Run("volumes of a gateway", c.testGatewayVolumes)
}

// server is an API server with administrator access.
type server struct {
	*cluster.Cluster
	clients
}

func (c *server) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *server) apply(t *testing.T, manifests string) {
	t.Helper()
	if err := c.Apply(t.Context(), manifests); err != nil {
		t.Fatal(err)
	}
}

// helm runs install or upgrade on the chart.
func (c *server) helm(t *testing.T, version, verb string, args ...string) string {
	t.Helper()
	args = append([]string{verb, "telepod", chart(t), "--namespace", "telepod", "--kubeconfig", c.Kubeconfig()}, args...)
	out, err := program(t, version).Run(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// testDryRun validates every object of every preset and example with the API server's own schema, which rejects unknown
// fields. TestCertManagerObjects checks custom resources of other projects.
func (c *server) testDryRun(t *testing.T) {
	all := presets(t)
	maps.Copy(all, examples(t))
	for name, values := range all {
		t.Run(name, func(t *testing.T) {
			for document := range strings.SplitSeq(render(t, "v4", "--values", values), "\n---\n") {
				if strings.TrimSpace(document) == "" || strings.Contains(document, "\napiVersion: cert-manager.io/") ||
					strings.Contains(document, "\napiVersion: monitoring.coreos.com/") {
					continue
				}
				warnings, err := c.create(t, document)
				if err != nil {
					t.Errorf("%v:\n%s", err, document)
				}
				// hostNetwork causes a warning, and so do the node's ports and directories; both are documented.
				onNode := name == "aws-overlay" || strings.Contains(document, "\nkind: DaemonSet\n")
				if len(warnings) > 0 && !onNode {
					t.Errorf("warnings %q:\n%s", warnings, document)
				}
			}
		})
	}
}

// testRelease upgrades a release after its webhook has set caBundle, which must survive.
func (c *server) testRelease(t *testing.T, version string) {
	notes := c.helm(t, version, "install", "--values", presets(t)["aws"])
	if want := "kubectl -n telepod rollout status deployment/telepod-injector"; !strings.Contains(notes, want) {
		t.Errorf("notes do not contain %q:\n%s", want, notes)
	}
	c.kubectl(t, "patch", "mutatingwebhookconfiguration", "telepod-injector", "--type=json", "-p",
		`[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"`+authority(t)+`"},
		  {"op":"add","path":"/webhooks/1/clientConfig/caBundle","value":"`+authority(t)+`"}]`)
	c.helm(t, version, "upgrade", "--values", presets(t)["aws"], "--set", "injector.replicas=3,injector.timeoutSeconds=5")
	var configuration struct {
		Webhooks []struct {
			ClientConfig   struct{ CABundle string }
			TimeoutSeconds int
		}
	}
	out := c.kubectl(t, "get", "mutatingwebhookconfiguration", "telepod-injector", "-o", "json")
	if err := json.Unmarshal([]byte(out), &configuration); err != nil {
		t.Fatal(err)
	}
	for i, webhook := range configuration.Webhooks {
		if webhook.ClientConfig.CABundle != authority(t) {
			t.Errorf("webhook %d lost its caBundle in the upgrade", i)
		}
		if webhook.TimeoutSeconds != 5 {
			t.Errorf("webhook %d has timeout %d after the upgrade, want 5", i, webhook.TimeoutSeconds)
		}
	}
	if _, err := program(t, version).Run(t.Context(), "uninstall", "telepod", "--namespace", "telepod", "--kubeconfig", c.Kubeconfig()); err != nil {
		t.Fatal(err)
	}
	left := c.kubectl(t, "get", "-o", "name", "-l", "app.kubernetes.io/part-of=telepod",
		"mutatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings,priorityclasses")
	if left != "" {
		t.Errorf("the uninstall left %s", left)
	}
}

// testPermissions checks the RBAC permissions of the webhook's ServiceAccount.
func (c *server) testPermissions(t *testing.T) {
	const secret, configuration = "secrets/telepod-injector-certificates", "mutatingwebhookconfigurations/telepod-injector"
	allowed := []string{
		"list namespaces", "watch namespaces",
		"create events", "patch events.events.k8s.io",
		"list " + secret, "watch " + secret, "update " + secret, "create secrets",
		"list " + configuration, "watch " + configuration, "patch " + configuration,
	}
	refused := []string{
		"list secrets", "get secrets/other", "delete " + secret, "list pods", "get configmaps",
		"list mutatingwebhookconfigurations", "delete " + configuration, "update namespaces", "create pods",
	}
	for _, question := range append(slices.Clone(allowed), refused...) {
		verb, resource, _ := strings.Cut(question, " ")
		// kubectl prints "no" on standard output, and also returns an error.
		answer, _ := c.Kubectl(t.Context(), "auth", "can-i", verb, resource, "--namespace=telepod",
			"--as=system:serviceaccount:telepod:telepod-injector")
		if got, want := strings.TrimSpace(answer) == "yes", slices.Contains(allowed, question); got != want {
			t.Errorf("permission to %s: %t, want %t (%q)", question, got, want, answer)
		}
	}
	if answer, _ := c.Kubectl(t.Context(), "auth", "can-i", "create", "secrets", "--namespace=default",
		"--as=system:serviceaccount:telepod:telepod-injector"); strings.TrimSpace(answer) != "no" {
		t.Errorf("permission to create secrets in another namespace: %q", answer)
	}
}

// testPodSecurity creates the pods that the workloads would create. DaemonSets use the nodes' ports and directories; all
// other pods must satisfy "restricted".
func (c *server) testPodSecurity(t *testing.T) {
	for name, values := range presets(t) {
		for document := range strings.SplitSeq(render(t, "v4", "--values", values), "\n---\n") {
			pod, ok := podOf(document, decode(t, document))
			if !ok {
				continue
			}
			// Use objects that the installed release has.
			pod.Spec.ServiceAccountName, pod.Spec.PriorityClassName = "telepod-injector", ""
			raw, err := json.Marshal(pod)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.create(t, string(raw))
			want := ""
			switch {
			case strings.Contains(document, "\nkind: DaemonSet\n"):
				want = "hostPath"
			case pod.Spec.HostNetwork:
				want = "hostNetwork=true"
			case err != nil:
				t.Errorf("%s: %s: %v", name, pod.Name, err)
			}
			if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: %s: %v, want a rejection because of %s", name, pod.Name, err, want)
			}
		}
	}
}

// pod is a pod that every PodSecurity level accepts.
func pod(namespace, metadata string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: pod, namespace: %s%s}, spec: %s}`, namespace, metadata, podSpec)
}

const podSpec = `{restartPolicy: Always,
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
  containers: [{name: app, image: app, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}`
