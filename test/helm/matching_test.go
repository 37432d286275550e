package helm_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const bare = "has no cloud identity"

// testMatching checks which pods reach which webhook, and which get a warning that they were not injected. The webhook
// here allows everything and changes nothing.
func (c *server) testMatching(t *testing.T) {
	calls := c.answerAdmissions(t)
	for _, namespace := range []string{"enabled", "disabled", "plain", "telepod", "kube-system"} {
		c.kubectl(t, "wait", "--for=create", "--timeout=60s", "-n", namespace, "serviceaccount/default")
	}
	eventually(t, "the API server calls the webhooks and evaluates the policies", func() bool {
		messages, err := c.create(t, pod("enabled", ""))
		viaNamespace := calls.drain()
		_, err2 := c.create(t, pod("plain", `, annotations: {telepod.dev/inject: "true"}`))
		return err == nil && err2 == nil && mentions(messages, bare) && len(viaNamespace) > 0 && len(calls.drain()) > 0
	})

	const byNamespace, byPod = "/mutate/namespace", "/mutate"
	cases := []struct{ name, namespace, metadata, path string }{
		{"opted-in namespace", "enabled", "", byNamespace},
		{"annotation true in it", "enabled", `, annotations: {telepod.dev/inject: "true"}`, byNamespace},
		{"annotation false in it", "enabled", `, annotations: {telepod.dev/inject: "false"}`, ""},
		{"label false in it", "enabled", `, labels: {telepod.dev/inject: "false"}`, ""},
		{"annotation true overrides label false", "enabled", `, annotations: {telepod.dev/inject: "true"}, labels: {telepod.dev/inject: "false"}`, byNamespace},
		{"annotation false overrides label true", "enabled", `, annotations: {telepod.dev/inject: "false"}, labels: {telepod.dev/inject: "true"}`, ""},
		{"annotation neither true nor false in it", "enabled", `, annotations: {telepod.dev/inject: "maybe"}`, byNamespace},
		{"no opt-in", "plain", "", ""},
		{"other annotations", "plain", `, annotations: {telepod.dev/profile: aws}, labels: {app: x}`, ""},
		{"annotation true", "plain", `, annotations: {telepod.dev/inject: "true"}`, byPod},
		{"label true", "plain", `, labels: {telepod.dev/inject: "true"}`, byPod},
		{"annotation false overrides label true elsewhere", "plain", `, annotations: {telepod.dev/inject: "false"}, labels: {telepod.dev/inject: "true"}`, ""},
		{"annotation neither true nor false elsewhere", "plain", `, annotations: {telepod.dev/inject: "maybe"}`, ""},
		{"opted-out namespace", "disabled", "", ""},
		{"annotation true in it", "disabled", `, annotations: {telepod.dev/inject: "true"}`, byPod},
		{"kube-system", "kube-system", `, annotations: {telepod.dev/inject: "true"}`, ""},
		{"the release's namespace", "telepod", `, annotations: {telepod.dev/inject: "true"}`, ""},
	}
	for _, tc := range cases {
		t.Run(tc.namespace+"/"+tc.name, func(t *testing.T) {
			messages, err := c.create(t, pod(tc.namespace, tc.metadata))
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if tc.path != "" {
				want = []string{tc.path}
			}
			if got := calls.drain(); !slices.Equal(got, want) {
				t.Errorf("webhooks called: %q, want %q", got, want)
			}
			if got, want := mentions(messages, bare), tc.path != ""; got != want {
				t.Errorf("warning about missing injection: %t, want %t: %q", got, want, messages)
			}
		})
	}
	messages, err := c.create(t, pod("enabled", `, annotations: {telepod.dev/status: "{}"}`))
	if err != nil || mentions(messages, bare) {
		t.Errorf("an injected pod: %v, %q, want no warning", err, messages)
	}
}

func mentions(texts []string, word string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, word) })
}

// calls receives the paths of admission requests.
type calls chan string

func (c calls) drain() []string {
	var paths []string
	for {
		select {
		case path := <-c:
			paths = append(paths, path)
		default:
			return paths
		}
	}
}

// answerAdmissions replaces the release's webhook with a server.
func (c *server) answerAdmissions(t *testing.T) calls {
	t.Helper()
	seen := make(calls, 100)
	tlsServer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no AdmissionReview", http.StatusBadRequest)
			return
		}
		seen <- r.URL.Path
		review.TypeMeta = metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
		_ = json.NewEncoder(w).Encode(review)
	}))
	t.Cleanup(tlsServer.Close)
	var patch []map[string]any
	for i, name := range []string{"namespaces.telepod.dev", "pods.telepod.dev"} {
		path := []string{"/mutate/namespace", "/mutate"}[i]
		patch = append(patch,
			map[string]any{"op": "test", "path": "/webhooks/" + string(rune('0'+i)) + "/name", "value": name},
			map[string]any{"op": "replace", "path": "/webhooks/" + string(rune('0'+i)) + "/clientConfig", "value": map[string]any{
				"url": tlsServer.URL + path, "caBundle": pemOf(tlsServer.Certificate().Raw),
			}})
	}
	body, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, "patch", "mutatingwebhookconfiguration", "telepod-injector", "--type=json", "-p", string(body))
	return seen
}

// authority returns a new CA in the format of caBundle.
func authority(t *testing.T) string {
	t.Helper()
	tlsServer := httptest.NewTLSServer(nil)
	defer tlsServer.Close()
	return pemOf(tlsServer.Certificate().Raw)
}

func pemOf(certificate []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}
