package profiles_test

import (
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/golden"
)

// facts describe the cluster of every fixture.
var facts = profiles.Facts{Identity: profiles.Identity{Region: "fact-region", Account: "fact-account", Cluster: "fact-cluster", Environment: "fact-environment"}}

// TestValid resolves the profiles of each testdata/valid/CASE.yaml and compares them with CASE.want.
func TestValid(t *testing.T) {
	eachFixture(t, "testdata/valid", func(t *testing.T, source profiles.Source) string {
		set, err := profiles.Load(facts, source)
		if err != nil {
			t.Fatal(err)
		}
		builtin := mustLoad(t)
		var out strings.Builder
		for _, name := range set.Names() {
			if _, known := builtin.Lookup(name); known {
				continue
			}
			text, err := yaml.Marshal(withoutBase(t, set, name))
			if err != nil {
				t.Fatal(err)
			}
			out.WriteString("---\n" + string(text))
		}
		return out.String()
	})
}

// withoutBase returns the resolved profile without the built-in Collector configuration, so fixtures do not
// change with it.
func withoutBase(t *testing.T, set *profiles.Set, name string) profiles.Resolved {
	t.Helper()
	resolved, base := *lookup(t, set, name), lookup(t, set, "base")
	if resolved.Sidecar.Config == base.Sidecar.Config {
		resolved.Sidecar.Config = "as in base"
	}
	resolved.Hash = ""
	return resolved
}

// TestInvalid compares the problems of each testdata/invalid/CASE.yaml with CASE.want.
func TestInvalid(t *testing.T) {
	eachFixture(t, "testdata/invalid", func(t *testing.T, source profiles.Source) string {
		_, err := profiles.Load(facts, source)
		if err == nil {
			t.Fatal("invalid profiles were loaded without an error")
		}
		return err.Error() + "\n"
	})
}

// eachFixture runs every CASE.yaml or CASE.json of a directory.
func eachFixture(t *testing.T, dir string, run func(*testing.T, profiles.Source) string) {
	golden.Cases(t, dir, []string{".yaml", ".json"}, ".want") // a CASE.want without its case fails
	sources, err := profiles.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		name := strings.TrimSuffix(source.Name, filepath.Ext(source.Name))
		t.Run(name, func(t *testing.T) {
			golden.Compare(t, filepath.Join(dir, name+".want"), run(t, source))
		})
	}
}
