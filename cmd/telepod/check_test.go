package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/telepod/telepod/fleet/checks"
)

// check looks at the cluster of testdata/live, whose injector is scaled to zero, while its webhook comes and goes.
func (l *onCluster) check(t *testing.T) {
	l.sees(t, 1, nil, checks.Failed, "deployment/telepod-injector is scaled to zero")
	l.sees(t, 1, nil, checks.OK, "5 profiles are valid")
	l.sees(t, 1, nil, checks.Failed, "no MutatingWebhookConfiguration of the release has webhooks")
	l.sees(t, 1, nil, checks.OK, "namespaces that opt in: 1 (shop)")
	l.sees(t, 1, nil, checks.Warning, "workloads out of date: 2 bare, 2 stale")
	l.sees(t, 1, nil, checks.Warning, "the release has no regional Collectors")
	out, _ := l.run(t, 1, "check")
	for _, text := range []string{"context telepod: 2 failed, 0 unknown, ", "\ncluster\n  ✓ Kubernetes 1.", "\n  ✗ deployment/telepod-injector is scaled to zero", "\n    repair: kubectl -n telepod scale deployment/telepod-injector --replicas=2\n", "\n  ⚠ "} {
		if !strings.Contains(out, text) {
			t.Errorf("no %q in\n%s", text, out)
		}
	}
	t.Run("webhook", l.checkWebhook)
	if _, stderr := l.run(t, 2, "check", "--context", "none"); !strings.Contains(stderr, "check --kubeconfig and --context") {
		t.Error(stderr)
	}
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
	l.sees(t, 1, nil, checks.Warning, "whether the API server reaches the webhook: not known: create a pod in namespace default as a dry run: ")
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
