package helm_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/golden"
)

// TestObjects compares the names of all objects of every preset, and the rules of their roles, with testdata/objects.txt.
func TestObjects(t *testing.T) {
	var list strings.Builder
	named := presets(t)
	for _, preset := range slices.Sorted(maps.Keys(named)) {
		fmt.Fprintf(&list, "%s\n", preset)
		var lines []string
		for _, object := range objects(t, "--values", named[preset]) {
			lines = append(lines, "    "+inventoryLine(object))
		}
		slices.Sort(lines)
		list.WriteString(strings.Join(lines, ""))
	}
	golden.Compare(t, "testdata/objects.txt", list.String())
}

// inventoryLine returns an object's kind and name, and a line for each rule of a role.
func inventoryLine(object *unstructured.Unstructured) string {
	line := object.GetKind() + " " + object.GetName() + "\n"
	rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
	for _, rule := range rules {
		if rule, ok := rule.(map[string]any); ok && strings.HasSuffix(object.GetKind(), "Role") {
			line += "        " + strings.Join(words(rule["verbs"]), ",") + " " + strings.Join(words(rule["resources"]), ",")
			if groups := strings.Trim(strings.Join(words(rule["apiGroups"]), ","), ","); groups != "" {
				line += " of " + groups
			}
			if names := words(rule["resourceNames"]); names != nil {
				line += " named " + strings.Join(names, ",")
			}
			line += "\n"
		}
	}
	return line
}

// words returns the elements of a list of strings.
func words(list any) (all []string) {
	elements, _ := list.([]any)
	for _, element := range elements {
		all = append(all, fmt.Sprint(element))
	}
	return all
}

// TestFields checks the fields in testdata/fields.yaml: the fields in which presets without a golden render differ from the goldens.
func TestFields(t *testing.T) {
	var wanted map[string]map[string]map[string]any // preset, object, path
	if err := yaml.UnmarshalStrict(golden.Read(t, "testdata/fields.yaml"), &wanted); err != nil {
		t.Fatal(err)
	}
	for preset := range presets(t) {
		if wanted[preset] == nil && !slices.Contains(goldens, preset) && preset != "off" {
			t.Errorf("preset %s has no golden render and no fields in testdata/fields.yaml", preset)
		}
	}
	for preset, wantedObjects := range wanted {
		t.Run(preset, func(t *testing.T) {
			rendered := map[string][]leaf{}
			for _, object := range objects(t, "--values", presets(t)[preset]) {
				rendered[object.GetKind()+" "+object.GetName()] = leaves(t, "", object.Object)
			}
			for name, fields := range wantedObjects {
				for path, want := range fields {
					checkField(t, name+" "+path, rendered[name], path, want)
				}
			}
		})
	}
}

// checkField checks that leaves have each wanted value at a path that ends with the given one.
func checkField(t *testing.T, name string, all []leaf, path string, want any) {
	t.Helper()
	values, isList := want.([]any)
	if !isList || len(values) == 0 {
		values = []any{want}
	}
	var got []any
	for _, leaf := range all {
		if strings.HasSuffix(leaf.path, "."+path) {
			got = append(got, leaf.value)
		}
	}
	for _, value := range values {
		if !slices.ContainsFunc(got, func(v any) bool { return cmp.Equal(v, value) }) {
			t.Errorf("%s: got %v, want %v among them", name, got, value)
		}
	}
}

// leaf is a field without nested fields. In its path, elements of lists have their names, or [] without one.
type leaf struct {
	path  string
	value any
}

// leaves returns the leaves of a decoded value. Files of a ConfigMap that are YAML are decoded, too.
func leaves(t *testing.T, path string, value any) (all []leaf) {
	t.Helper()
	if text, ok := value.(string); ok && strings.HasPrefix(path, ".data.") && strings.Contains(text, "\n") {
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			all = append(all, leaves(t, path+"."+key, member)...)
		}
	case []any:
		for _, element := range value {
			name := ""
			if fields, ok := element.(map[string]any); ok && fields["name"] != nil {
				name = fmt.Sprint(fields["name"])
			}
			all = append(all, leaves(t, path+"["+name+"]", element)...)
		}
	}
	if all == nil {
		all = []leaf{{path, value}}
	}
	return all
}
