package e2e

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

// testUnknownFields checks that Telepod keeps fields that are newer than itself.
func testUnknownFields(t *testing.T, s *stage) {
	s.namespace(t, "fields", enabled(), nil)
	t.Run("fileKeyRef through the API server", func(t *testing.T) {
		fromFile := corev1.EnvVar{Name: "FROM_FILE", ValueFrom: &corev1.EnvVarSource{FileKeyRef: &corev1.FileKeySelector{
			VolumeName: "env", Path: "app.env", Key: "FROM_FILE", Optional: new(true),
		}}}
		p := pod("fields", nil, nil)
		p.Spec.Volumes = []corev1.Volume{{Name: "env", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		p.Spec.Containers[0].Env = []corev1.EnvVar{fromFile}
		made, _ := s.mustDryRun(t, p)
		if status(t, made) == nil {
			t.Fatal("the pod was not injected")
		}
		env := made.Spec.Containers[0].Env
		if diff := cmp.Diff(fromFile, env[len(env)-1]); diff != "" {
			t.Errorf("the user's variable (-want +got):\n%s", diff)
		}
	})
	t.Run("invented fields, through the running webhook", func(t *testing.T) {
		const raw = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"app","namespace":"fields","fromTheFuture":{"a":[1,null]}},
			"spec":{"fromTheFuture":true,"containers":[{"name":"app","image":"app","fromTheFuture":1.50,
			"env":[{"name":"NEW","valueFrom":{"fromTheFuture":{"key":"x"}}},{"name":"OLD","value":"1","fromTheFuture":"y"}]}]}}`
		response := s.review(t, raw)
		patch, err := jsonpatch.DecodePatch(response.Patch)
		if err != nil {
			t.Fatal(err)
		}
		patched, err := patch.Apply([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		var before, after map[string]any
		if err := json.Unmarshal([]byte(raw), &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(patched, &after); err != nil {
			t.Fatal(err)
		}
		delete(dig(after, "metadata"), "annotations")
		container := dig(after, "spec")["containers"].([]any)[0].(map[string]any)
		env := container["env"].([]any)
		if len(env) < 10 {
			t.Errorf("%d variables, want 10 or more: the pod was not injected", len(env))
		}
		container["env"] = env[len(env)-2:]
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the pod without annotations and injected variables (-want +got):\n%s", diff)
		}
	})
}

func dig(m map[string]any, key string) map[string]any { return m[key].(map[string]any) }

// review sends an AdmissionReview to the webhook through its Service.
func (s *stage) review(t *testing.T, pod string) *admissionv1.AdmissionResponse {
	t.Helper()
	body := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","namespace":"fields",
		"kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"dryRun":true,"object":` + pod + `}}`
	hook, err := s.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), install.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.client.CoreV1().RESTClient().Post().
		AbsPath("/api/v1/namespaces/"+install.Namespace+"/services/https:"+install.Name+":webhook/proxy"+*hook.Webhooks[0].ClientConfig.Service.Path).
		SetHeader("Content-Type", "application/json").Body([]byte(body)).DoRaw(t.Context())
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &review); err != nil {
		t.Fatal(err)
	}
	if review.Response == nil || !review.Response.Allowed {
		t.Fatalf("answer %s", answer)
	}
	return review.Response
}
