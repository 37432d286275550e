package profiles_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/profiles"
)

// FuzzLoad checks that no file makes Load panic, that a second call returns the same result, and that a
// profile that loads can be inherited unchanged.
func FuzzLoad(f *testing.F) {
	for _, dir := range []string{"testdata/valid", "testdata/invalid", "builtin"} {
		list, err := profiles.ReadDir(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, source := range list {
			f.Add(source.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list := []profiles.Source{{Name: "fuzz.yaml", Data: data}}
		first := outcome(list)
		if diff := cmp.Diff(first, outcome(list)); diff != "" {
			t.Fatalf("a second load returns another result:\n%s", diff)
		}
		for name, resolved := range first {
			parent, ok := resolved.(*profiles.Resolved)
			if !ok || parent.Source != "fuzz.yaml" {
				continue
			}
			const childName = "child-of-a-fuzzed-profile"
			all := outcome(append(list, profiles.Source{Name: "child.yaml", Data: []byte("{name: " + childName + ", inherits: '" + name + "'}")}))
			child, ok := all[childName].(*profiles.Resolved)
			if !ok {
				t.Fatalf("inherit %s: %v", name, all)
			}
			want := parent.Profile
			want.Name, want.Inherits, want.Description = childName, name, ""
			if diff := cmp.Diff(want, child.Profile); diff != "" {
				t.Errorf("a child differs from its parent:\n%s", diff)
			}
		}
	})
}
