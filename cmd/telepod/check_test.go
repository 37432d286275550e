//go:build !injector

package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/metrics"
)

// check runs against the cluster of testdata/live: its injector is scaled to zero, and the test removes and restores
// the webhook.
func (l *onCluster) check(t *testing.T) {
	l.sees(t, 1, nil, checks.Failed, "deployment/telepod-injector is scaled to zero")
	l.sees(t, 1, nil, checks.OK, "5 profiles are valid")
	l.sees(t, 1, nil, checks.Failed, "no MutatingWebhookConfiguration of the release has webhooks")
	l.sees(t, 1, nil, checks.OK, "namespaces that opt in: 1 (shop)")
	l.sees(t, 1, nil, checks.Warning, "workloads out of date: 2 bare, 2 stale")
	l.sees(t, 1, nil, checks.Warning, "the release has no regional Collectors")
	out, _ := l.run(t, 1, "check")
	for _, text := range []string{"context telepod: ", "\nproblems\n  ✗ ClusterRoleBinding telepod-injector is missing", "\n  ✗ deployment/telepod-injector is scaled to zero", "\n  ✗ no MutatingWebhookConfiguration", "\n  ⚠ ", "\ncluster\n  ✓ Kubernetes 1."} {
		if !strings.Contains(out, text) {
			t.Errorf("no %q in\n%s", text, out)
		}
	}
	t.Run("webhook", l.checkWebhook)
	t.Run("contexts", l.checkContexts)
	t.Run("before", l.checkBefore)
	if _, stderr := l.run(t, 2, "check", "--context", "none"); !strings.Contains(stderr, `context "none" does not exist`) {
		t.Error(stderr)
	}
}

// checkContexts: an unreachable cluster does not affect the others.
func (l *onCluster) checkContexts(t *testing.T) {
	config, err := clientcmd.LoadFromFile(l.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Clusters["away"] = &api.Cluster{Server: "https://127.0.0.1:1"}
	config.Contexts["away from here"] = &api.Context{Cluster: "away", AuthInfo: config.Contexts[config.CurrentContext].AuthInfo}
	several := &onCluster{l.admin, filepath.Join(t.TempDir(), "several"), l.hash}
	if err := clientcmd.WriteToFile(*config, several.kubeconfig); err != nil {
		t.Fatal(err)
	}
	both := []string{"--contexts", "away from here," + config.CurrentContext}
	several.sees(t, 1, both, checks.Failed, "the API server does not answer: ask the API server for its version: ")
	several.sees(t, 1, both, checks.Failed, "deployment/telepod-injector is scaled to zero")
	out, _ := several.run(t, 1, append([]string{"check"}, both...)...)
	for _, text := range []string{"CONTEXT", "\naway from here  1 ", "\n    repair: kubectl --context 'away from here' version\n", "kubectl --context telepod -n telepod scale deployment/telepod-injector"} {
		if !strings.Contains(out, text) {
			t.Errorf("no %q in\n%s", text, out)
		}
	}
	for _, args := range []string{"--contexts a,,b", "--contexts a --context b", "--pre --canary", "--bucket x", "--canary --canary-wait 0s"} {
		l.run(t, exitUsage, append([]string{"check"}, strings.Fields(args)...)...)
	}
	junit, _ := several.run(t, 1, append([]string{"check", "-o", "junit"}, both...)...)
	var suites junitSuites
	if err := xml.Unmarshal([]byte(junit), &suites); err != nil {
		t.Fatal(err)
	}
	if len(suites.Suites) != 2 || suites.Suites[0].Failures != 1 || suites.Suites[1].Failures < 2 || suites.Suites[1].Tests != len(suites.Suites[1].Cases) {
		t.Errorf("%s", junit)
	}
}

// checkBefore runs check --pre on a cluster.
func (l *onCluster) checkBefore(t *testing.T) {
	l.sees(t, 1, []string{"--pre"}, checks.Failed, "you lack permission to list storageclasses in all namespaces, list mutatingwebhookconfigurations in all namespaces: 2 checks could not be made")
	l.sees(t, 1, []string{"--pre"}, checks.Failed, "you may not create secrets, configmaps, ")
	viewer := l.kubeconfig
	l.kubeconfig = l.admin.Kubeconfig()
	defer func() { l.kubeconfig = viewer }()
	l.sees(t, 0, []string{"--pre"}, checks.OK, "you may create every object of the chart")
	l.sees(t, 0, []string{"--pre"}, checks.Warning, "release telepod is already installed in namespace telepod")
	l.sees(t, 1, []string{"--pre", "--strict"}, checks.Warning, "release telepod is already installed in namespace telepod")
	l.sees(t, 0, []string{"--pre", "--telepod-namespace", "new"}, checks.OK, "namespace new does not exist yet")
	if err := l.admin.Apply(t.Context(), "{apiVersion: v1, kind: Namespace, metadata: {name: strict, labels: {pod-security.kubernetes.io/enforce: restricted}}}"); err != nil {
		t.Fatal(err)
	}
	l.sees(t, 1, []string{"--pre", "--telepod-namespace", "strict"}, checks.Failed, "namespace strict enforces PodSecurity restricted")
}

// sees runs check and looks for a line.
func (l *onCluster) sees(t *testing.T, code int, args []string, status checks.Status, seen string) {
	t.Helper()
	out, _ := l.run(t, code, append([]string{"check", "-o", "json"}, args...)...)
	var lines []checks.Line
	if err := json.Unmarshal([]byte(out), &lines); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, line := range lines {
		if line.Status == status && strings.Contains(line.Seen, seen) {
			return
		}
	}
	t.Errorf("no line that is %s with %q in\n%s", status, seen, out)
}

const hookManifest = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: telepod-injector}
webhooks:
  - name: pods.telepod.dev
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Ignore
    timeoutSeconds: 2
    clientConfig: %s
    rules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
    namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [telepod]}]}
`

func (l *onCluster) checkWebhook(t *testing.T) {
	apply := func(manifest string) {
		t.Helper()
		if err := l.admin.Apply(t.Context(), manifest); err != nil {
			t.Fatal(err)
		}
	}
	apply(fmt.Sprintf(hookManifest, "{service: {namespace: telepod, name: telepod-injector}}"))
	l.sees(t, 1, nil, checks.Failed, "pods.telepod.dev: caBundle is empty")
	l.sees(t, 1, nil, checks.Failed, "Service telepod/telepod-injector does not exist")
	l.sees(t, 1, nil, checks.Skipped, "whether the API server reaches the webhook was not tested: create a pod in namespace default as a dry run: ")
	apply("{apiVersion: v1, kind: Service, metadata: {name: telepod-injector, namespace: telepod}, spec: {selector: {a: b}, ports: [{port: 443}]}}")
	l.sees(t, 1, nil, checks.Failed, "Service telepod/telepod-injector has no ready endpoint")

	viewer := l.kubeconfig
	l.kubeconfig = l.admin.Kubeconfig()
	defer func() { l.kubeconfig = viewer }()
	l.sees(t, 1, nil, checks.Failed, "a dry run of a pod in namespace default was not injected")

	server := hookServer(t)
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if _, err := l.admin.Kubectl(t.Context(), "delete", "mutatingwebhookconfiguration", "telepod-injector"); err != nil {
		t.Fatal(err)
	}
	apply(fmt.Sprintf(hookManifest, fmt.Sprintf("{url: %q, caBundle: %s}", server.URL, base64.StdEncoding.EncodeToString(bundle))))
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, 20*time.Second, true, wait.ConditionFunc(func() (bool, error) {
		out, _ := l.run(t, 1, "check")
		return strings.Contains(out, "✓ the API server reaches the webhook: a dry run of a pod in namespace default was injected"), nil
	}).WithContext())
	if err != nil {
		t.Errorf("wait until the API server knows the webhook: %v", err)
	}
	if pods, err := l.admin.Kubectl(t.Context(), "-n", "default", "get", "pods", "-o", "name"); err != nil || pods != "" {
		t.Errorf("a dry run left %q, %v", pods, err)
	}
}

// hookServer is a webhook that annotates every pod.
func hookServer(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		patch, kind := []byte(`[{"op":"add","path":"/metadata/annotations","value":{"telepod.dev/status":"{}"}}]`), admissionv1.PatchTypeJSONPatch
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true, Patch: patch, PatchType: &kind}
		review.Request = nil
		if err := json.NewEncoder(w).Encode(review); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// TestCanaryStores: without a reading before the span, and without the name of a site, its stores are unknown.
func TestCanaryStores(t *testing.T) {
	clusters := []*inventory.Cluster{{Context: "eu"}}
	named, err := metrics.Read(strings.NewReader("otelcol_process_uptime_seconds_total{telepod_central_site=\"primary\"} 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	central := func(err error) checks.Snapshot {
		i := fleet.Instance{Pod: "s1", Metrics: named, MetricsErr: err}
		return checks.Snapshot{Central: answer(checks.Part{Workloads: []checks.Workload{{}}, Instances: []fleet.Instance{i}}, nil)}
	}
	nameless := central(nil)
	nameless.Central.Value.Instances[0].Metrics = metrics.Set{}
	for _, test := range []struct {
		name          string
		snapshot      checks.Snapshot
		context, want string
	}{
		{"it has none", checks.Snapshot{}, "", ""},
		{"no first reading", central(errors.New("timeout")), "eu", "timeout"},
		{"no name", nameless, "", "context eu may have this site: its central Collectors do not report"},
		{"no right", checks.Snapshot{Central: answer(checks.Part{}, errors.New("forbidden"))}, "", "context eu may have this site: forbidden"},
		{"no answer", checks.Snapshot{Unreachable: errors.New("refused")}, "", "context eu may have this site: the API server does not answer"},
	} {
		way := checks.Canary{Site: "primary"}
		(&canaryFlags{}).stores(t.Context(), canarySites(clusters, []checks.Snapshot{test.snapshot}), &way)
		got := ""
		if way.StoresErr != nil {
			got = way.StoresErr.Error()
		}
		if way.SiteContext != test.context || !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("%s: context %q, %q; want %q, %q", test.name, way.SiteContext, got, test.context, test.want)
		}
	}
}
