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

const bare = "stays without cloud identity"

// testMatching checks which pods reach which webhook, and which get a warning that they were not injected. The webhook
// here allows everything and changes nothing.
func (c *server) testMatching(t *testing.T) {
	calls := c.answerAdmissions(t)
	for _, namespace := range []string{"enabled", "disabled", "plain", "telepod", "kube-system"} {
		c.kubectl(t, "wait", "--for=create", "--timeout=60s", "-n", namespace, "serviceaccount/default")
	}
	eventually(t, "the API server calls the webhooks and evaluates the policies", func() bool {
		said, err := c.create(t, pod("enabled", ""))
		viaNamespace := calls.take()
		_, err2 := c.create(t, pod("plain", `, annotations: {telepod.dev/inject: "true"}`))
		return err == nil && err2 == nil && mentions(said, bare) && len(viaNamespace) > 0 && len(calls.take()) > 0
	})

	const byNamespace, byPod = "/mutate/namespace", "/mutate"
	cases := []struct{ name, namespace, metadata, path string }{
		{"opted-in namespace", "enabled", "", byNamespace},
		{"annotation yes in it", "enabled", `, annotations: {telepod.dev/inject: "true"}`, byNamespace},
		{"annotation no in it", "enabled", `, annotations: {telepod.dev/inject: "false"}`, ""},
		{"label no in it", "enabled", `, labels: {telepod.dev/inject: "false"}`, ""},
		{"annotation yes beats label no", "enabled", `, annotations: {telepod.dev/inject: "true"}, labels: {telepod.dev/inject: "false"}`, byNamespace},
		{"annotation no beats label yes", "enabled", `, annotations: {telepod.dev/inject: "false"}, labels: {telepod.dev/inject: "true"}`, ""},
		{"neither yes nor no in it", "enabled", `, annotations: {telepod.dev/inject: "maybe"}`, byNamespace},
		{"no opt-in", "plain", "", ""},
		{"other annotations", "plain", `, annotations: {telepod.dev/profile: aws}, labels: {app: x}`, ""},
		{"annotation yes", "plain", `, annotations: {telepod.dev/inject: "true"}`, byPod},
		{"label yes", "plain", `, labels: {telepod.dev/inject: "true"}`, byPod},
		{"annotation no beats label yes elsewhere", "plain", `, annotations: {telepod.dev/inject: "false"}, labels: {telepod.dev/inject: "true"}`, ""},
		{"neither yes nor no elsewhere", "plain", `, annotations: {telepod.dev/inject: "maybe"}`, ""},
		{"opted-out namespace", "disabled", "", ""},
		{"annotation yes in it", "disabled", `, annotations: {telepod.dev/inject: "true"}`, byPod},
		{"kube-system", "kube-system", `, annotations: {telepod.dev/inject: "true"}`, ""},
		{"the release's namespace", "telepod", `, annotations: {telepod.dev/inject: "true"}`, ""},
	}
	for _, tc := range cases {
		t.Run(tc.namespace+"/"+tc.name, func(t *testing.T) {
			said, err := c.create(t, pod(tc.namespace, tc.metadata))
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if tc.path != "" {
				want = []string{tc.path}
			}
			if got := calls.take(); !slices.Equal(got, want) {
				t.Errorf("webhooks called: %q, want %q", got, want)
			}
			if got, want := mentions(said, bare), tc.path != ""; got != want {
				t.Errorf("warned that it was not injected: %t, want %t: %q", got, want, said)
			}
		})
	}
	said, err := c.create(t, pod("enabled", `, annotations: {telepod.dev/status: "{}"}`))
	if err != nil || mentions(said, bare) {
		t.Errorf("an injected pod: %v, %q, want no warning", err, said)
	}
}

func mentions(texts []string, word string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, word) })
}

// calls are the paths of admission requests.
type calls chan string

func (c calls) take() []string {
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
	stand := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	t.Cleanup(stand.Close)
	var patch []map[string]any
	for i, name := range []string{"namespaces.telepod.dev", "pods.telepod.dev"} {
		path := []string{"/mutate/namespace", "/mutate"}[i]
		patch = append(patch,
			map[string]any{"op": "test", "path": "/webhooks/" + string(rune('0'+i)) + "/name", "value": name},
			map[string]any{"op": "replace", "path": "/webhooks/" + string(rune('0'+i)) + "/clientConfig", "value": map[string]any{
				"url": stand.URL + path, "caBundle": pemOf(stand.Certificate().Raw),
			}})
	}
	body, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, "patch", "mutatingwebhookconfiguration", "telepod-injector", "--type=json", "-p", string(body))
	return seen
}

// authority is a new CA, in the format of caBundle.
func authority(t *testing.T) string {
	t.Helper()
	stand := httptest.NewTLSServer(nil)
	defer stand.Close()
	return pemOf(stand.Certificate().Raw)
}

func pemOf(certificate []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}
