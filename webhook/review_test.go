package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/injector"
)

// objectFirst returns a review with the object before the other fields of the request.
func objectFirst(object string) []byte {
	return fmt.Appendf(nil, `{"request":{"object":%s,"uid":"u-1","kind":{"version":"v1","kind":"Pod"},"resource":{"version":"v1","resource":"pods"},`+
		`"namespace":"shop","operation":"CREATE","dryRun":true},"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}`, object)
}

// TestUnreadablePods checks that a review is read to its end, whatever is wrong with its pod.
func TestUnreadablePods(t *testing.T) {
	for object, place := range map[string]string{
		`{"spec":7}`:                            `a JSON number does not belong at "/request/object/spec"`,
		`{"spec":{"containers":[[1,{"a":2}]]}}`: `at "/request/object/spec/containers/0"`,
		`{"metadata":{"labels":{"a":{"b":[{}]}},"name":"x"},"spec":{}}`:                       `at "/request/object/metadata/labels/a"`,
		`{"spec":{"containers":[{"env":[{"name":"A","value":{"deep":[[]]}},{"name":"B"}]}]}}`: `at "/request/object/spec/containers/0/env/0/value"`,
		`{"spec":{"initContainers":{"name":"x"}},"metadata":{"name":"y"}}`:                    `a JSON object does not belong at "/request/object/spec/initContainers"`,
		`[{"spec":{}}]`: "not a JSON object",
		`"s3cret"`:      "not a JSON object",
		`null`:          "not a JSON object",
	} {
		request, err := decodeReview(objectFirst(object))
		if err != nil {
			t.Errorf("%s: %v", object, err)
			continue
		}
		if pod, err := request.Object.read(); pod != nil || err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: pod %v, error %v, want %s", object, pod, err, place)
		}
		if request.UID != "u-1" || request.Namespace != "shop" || !request.DryRun {
			t.Errorf("%s: the rest of the request is %+v", object, request)
		}
		response := answer(t, post(newHarness(t, nil), objectFirst(object)))
		if !response.Allowed || response.Patch != nil || response.AuditAnnotations["reason"] != string(injector.UnreadablePod) {
			t.Errorf("%s: %+v", object, response)
		}
	}
}

// TestPodOfReview checks that a pod in a review is decoded like a separate one.
func TestPodOfReview(t *testing.T) {
	text := benchPod(3, 15, `"telepod.dev/inject":"true"`)
	want, err := injector.ParsePod([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	// The last of two objects counts, as in the API server.
	request, err := decodeReview([]byte(strings.Replace(string(objectFirst(text)), `"request":{`, `"request":{"object":{"spec":1},`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, request.Object.pod, cmp.AllowUnexported(injector.Pod{})); diff != "" {
		t.Errorf("pod of the review (-separate +in the review):\n%s", diff)
	}
}

// FuzzPodOfReview checks the same for any object, and that the rest of the review is always read.
func FuzzPodOfReview(f *testing.F) {
	f.Add(benchPod(2, 6, `"telepod.dev/inject":"true"`))
	f.Add(`{"spec":{"containers":[{"env":[{"name":"A","value":{"deep":[[]]}},{"name":"B"}]}]}}`)
	f.Add(`{"metadata":{"labels":{"a":"b","a":"c"}},"spec":{"containers":null},"spec":{"initContainers":[{}]}}`)
	f.Fuzz(func(t *testing.T, object string) {
		if !json.Valid([]byte(object)) {
			return
		}
		request, err := decodeReview(objectFirst(object))
		if err != nil || request.UID != "u-1" || request.Namespace != "shop" || !request.DryRun {
			t.Fatalf("%v, request %+v", err, request)
		}
		got, err := request.Object.read()
		want, wantErr := injector.ParsePod([]byte(object))
		if strings.HasPrefix(strings.TrimSpace(object), "{") && (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(injector.Pod{})); diff != "" {
			t.Errorf("pod of the review (-separate +in the review):\n%s", diff)
		}
	})
}
