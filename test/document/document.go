package document

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"sigs.k8s.io/yaml"
)

// Patch applies a JSON Patch as the API server does. Without operations it returns raw.
func Patch(t testing.TB, raw, operations []byte) []byte {
	t.Helper()
	if len(operations) == 0 {
		return raw
	}
	decoded, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		t.Fatalf("%v in %s", err, operations)
	}
	patched, err := decoded.Apply(raw)
	if err != nil {
		t.Fatalf("%v in %s", err, operations)
	}
	return patched
}

// Decode decodes YAML or JSON.
func Decode(t testing.TB, data []byte) (v any) {
	t.Helper()
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// unknownField is a field that no version of Kubernetes has.
const unknownField = "fieldOfTheFuture"

// Mark adds an unknown field to every object in a pod except maps of strings. It returns the pod and the number of fields.
func Mark(t testing.TB, pod []byte) ([]byte, int) {
	t.Helper()
	v := Decode(t, pod)
	n := mark(v)
	marked, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return marked, n
}

func mark(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			switch key {
			case "labels", "annotations", "nodeSelector", "limits", "requests", "matchLabels", "capacity", "options":
			default:
				n += mark(child)
			}
		}
		v[unknownField] = map[string]any{"deep": []any{1.0, nil}}
		return n + 1
	case []any:
		for _, child := range v {
			n += mark(child)
		}
	}
	return n
}

// Marks counts the fields that Mark added.
func Marks(t testing.TB, pod []byte) int {
	t.Helper()
	return marks(Decode(t, pod))
}

func marks(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if key == unknownField {
				n++
			} else {
				n += marks(child)
			}
		}
	case []any:
		for _, child := range v {
			n += marks(child)
		}
	}
	return n
}

// CommonLines returns the length of the longest common subsequence of lines: no edit can preserve more.
func CommonLines(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
