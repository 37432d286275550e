package profiles_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/profiles"
)

// FuzzLoad: no file makes Load panic; its result is the same a second time; and a profile that
// loads can be inherited without a change.
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
			t.Fatalf("loaded twice:\n%s", diff)
		}
		for name, resolved := range first {
			parent, ok := resolved.(*profiles.Resolved)
			if !ok || parent.Source != "fuzz.yaml" {
				continue
			}
			const heir = "heir-of-a-fuzzed-profile"
			heirs := outcome(append(list, profiles.Source{Name: "heir.yaml", Data: []byte("{name: " + heir + ", inherits: '" + name + "'}")}))
			child, ok := heirs[heir].(*profiles.Resolved)
			if !ok {
				t.Fatalf("inherit %s: %v", name, heirs)
			}
			want := parent.Profile
			want.Name, want.Inherits, want.Description = heir, name, ""
			if diff := cmp.Diff(want, child.Profile); diff != "" {
				t.Errorf("an heir differs from its parent:\n%s", diff)
			}
		}
	})
}
