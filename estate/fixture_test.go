package estate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/test/golden"
)

// TestValid compares the values of all clusters of each testdata/valid/CASE.yaml, after its warnings, with CASE.want.
func TestValid(t *testing.T) {
	eachFixture(t, "testdata/valid", func(t *testing.T, name string, data []byte) string {
		e, problems := estate.Load(name, data)
		if e == nil {
			t.Fatal(problems)
		}
		var out strings.Builder
		for _, p := range problems {
			out.WriteString("# " + p.Error() + "\n")
		}
		for _, c := range e.Order() {
			text, err := e.ValuesFile(c, name)
			if err != nil {
				t.Fatal(err)
			}
			out.WriteString("---\n" + string(text))
		}
		return out.String()
	})
}

// TestInvalid compares the problems of each testdata/invalid/CASE.yaml with CASE.want.
func TestInvalid(t *testing.T) {
	eachFixture(t, "testdata/invalid", func(t *testing.T, name string, data []byte) string {
		e, problems := estate.Load(name, data)
		if e != nil {
			t.Fatal("loaded without an error")
		}
		return problems.Error() + "\n"
	})
}

// TestExample: the documented example has no problems except those that its comments explain.
func TestExample(t *testing.T) {
	data, err := os.ReadFile("../examples/estate/estate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e, problems := estate.Load("estate.yaml", data)
	if e == nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "only the primary may store") {
		t.Fatalf("problems: %v", problems)
	}
	var order []string
	for _, c := range e.Order() {
		order = append(order, c.Name)
	}
	if diff := cmp.Diff([]string{"prod-euw1", "prod-use1", "prod-eas"}, order); diff != "" {
		t.Errorf("order of installation (-want +got):\n%s", diff)
	}
}

// eachFixture runs every CASE.yaml of a directory, and compares the result with CASE.want.
func eachFixture(t *testing.T, dir string, run func(*testing.T, string, []byte) string) {
	t.Helper()
	for _, file := range golden.Cases(t, dir, []string{".yaml"}, ".want") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			golden.Compare(t, strings.TrimSuffix(file, ".yaml")+".want", run(t, filepath.Base(file), golden.Read(t, file)))
		})
	}
}
