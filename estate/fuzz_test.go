package estate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/telepod/telepod/estate"
)

// FuzzLoad: no file makes Load panic, and every cluster of an estate without errors has values and a place in the order.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, problems := estate.Load("fuzz.yaml", data)
		if (e == nil) != (len(problems.Errors()) > 0) {
			t.Fatalf("the estate loaded: %t, with problems:\n%v", e != nil, problems)
		}
		if e == nil {
			return
		}
		if len(e.Order()) != len(e.Clusters) {
			t.Errorf("the order has %d clusters, want %d", len(e.Order()), len(e.Clusters))
		}
		for _, c := range e.Clusters {
			if _, err := e.ValuesFile(c, "fuzz.yaml"); err != nil {
				t.Error(err)
			}
		}
		// A change succeeds or returns an error; the changed file is valid.
		changed, err := estate.Set("fuzz.yaml", data, estate.Assignment{Field: "chart.version", Value: "1.2.3"})
		if err == nil {
			if again, problems := estate.Load("fuzz.yaml", changed); again == nil || again.Chart.Version != "1.2.3" {
				t.Errorf("after a change: %v\n%s", problems, changed)
			}
		}
		if changed, err = estate.Set("fuzz.yaml", data, estate.Assignment{Field: "chart.version", Unset: true}); err == nil {
			if again, problems := estate.Load("fuzz.yaml", changed); again == nil || again.Chart.Version != "" {
				t.Errorf("after a field is removed: %v\n%s", problems, changed)
			}
		}
		if changed, err = estate.Swap("fuzz.yaml", data); err == nil {
			if again, _ := estate.Load("fuzz.yaml", changed); again == nil || again.Sites.Primary.Cluster != e.Sites.Backup.Cluster {
				t.Errorf("the sites are not swapped:\n%s", changed)
			}
		}
	})
}
