package estate_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/estate"
)

var update = flag.Bool("update", false, "write what the fixtures got as what they want")

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

// eachFixture runs every CASE.yaml of a directory. A CASE.want without its case fails.
func eachFixture(t *testing.T, dir string, run func(*testing.T, string, []byte) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	cases := map[string]bool{}
	for _, file := range files {
		want := strings.TrimSuffix(file, ".yaml") + ".want"
		cases[want] = true
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, want, run(t, filepath.Base(file), data))
		})
	}
	stale, err := filepath.Glob(filepath.Join(dir, "*.want"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stale {
		if !cases[file] {
			t.Errorf("%s has no case: remove it", file)
		}
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}
