package corpus

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	kjson "sigs.k8s.io/json"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/test/document"
)

// checkPlan applies a plan, and injects the pod again with unknown fields added.
func checkPlan(t *testing.T, in *injector.Injector, name string, object *manifest.Pod, plan *injector.Plan) {
	t.Helper()
	patched := document.Patch(t, object.JSON, plan.AppendPatch(nil, ""))
	if !survives(document.Decode(t, object.JSON), document.Decode(t, patched)) {
		t.Errorf("%s:%d: part of the user's pod is missing", name, object.Line)
	}
	var before, after corev1.Pod
	if kjson.UnmarshalCaseSensitivePreserveInts(object.JSON, &before) != nil {
		return // the API server rejects it
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(patched, &after); err != nil {
		t.Errorf("%s:%d: the API's types reject the patched pod: %v", name, object.Line, err)
		return
	}
	marked, marks := document.Mark(t, object.JSON)
	pod, err := injector.ParsePod(marked)
	if err != nil {
		t.Errorf("%s:%d: unknown fields make the pod unreadable: %v", name, object.Line, err)
		return
	}
	again := in.Plan(injector.Request{Pod: pod, Namespace: injector.Namespace{Name: "corpus", Labels: map[string]string{injector.InjectionLabel: "enabled"}}})
	if got := document.Marks(t, document.Patch(t, marked, again.AppendPatch(nil, ""))); got != marks {
		t.Errorf("%s:%d: %d of %d unknown fields survived", name, object.Line, got, marks)
	}
}

func typed(raw []byte) error {
	return kjson.UnmarshalCaseSensitivePreserveInts(raw, &corev1.Pod{})
}

// completed contains the variables that Telepod extends.
var completed = map[any]bool{"OTEL_RESOURCE_ATTRIBUTES": true}

// survives reports whether one value contains another: maps by key, lists in order.
func survives(before, after any) bool {
	switch before := before.(type) {
	case map[string]any:
		object, ok := after.(map[string]any)
		for key, value := range before {
			if key == "value" && completed[before["name"]] {
				continue
			}
			if kept, has := object[key]; !has || !survives(value, kept) {
				return false
			}
		}
		return ok
	case []any:
		list, ok := after.([]any)
		next := 0
		for _, item := range list {
			if next < len(before) && survives(before[next], item) {
				next++
			}
		}
		return ok && next == len(before)
	case nil:
		return true // the list may have been added
	}
	return before == after
}
