package terraform

import (
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/helm"
)

var (
	update = flag.Bool("update", false, "write the modules' documentation")
	must   = flag.Bool("must", false, "fail if npm is missing, instead of skipping")
)

// set contains what the checks need.
type set struct {
	engines  []engine
	helm     helm.CLI
	rendered map[string]map[string]bool
}

// prepare installs the replacements of the providers, and finds the engines.
func prepare(t *testing.T) set {
	t.Helper()
	config, err := mirror(t.Context(), t.TempDir())
	if errors.Is(err, errNoNPM) && !*must {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := set{rendered: map[string]map[string]bool{}}
	if s.engines, err = engines(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if s.helm, err = helm.V4(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s set) checker(t *testing.T, e engine) checker {
	t.Helper()
	c := checker{engine: e, helm: s.helm, tree: t.TempDir(), rendered: s.rendered}
	if err := copyTree(c.tree); err != nil {
		t.Fatal(err)
	}
	return c
}

func source(t *testing.T) string {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "terraform")
}

func allModules(t *testing.T) []string {
	t.Helper()
	all, err := modules(source(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 9 {
		t.Fatalf("found only the modules %q", all)
	}
	return all
}

// TestModules checks every module with every engine.
func TestModules(t *testing.T) {
	s := prepare(t)
	for _, e := range s.engines {
		c := s.checker(t, e)
		if out, err := e.run(t.Context(), filepath.Join(c.tree, "terraform"), "fmt", "-check", "-diff", "-recursive"); err != nil {
			t.Errorf("run `terraform fmt -recursive terraform`: %v%s", err, out)
		}
		for _, module := range allModules(t) {
			t.Run(e.name+"/"+module, func(t *testing.T) {
				if err := c.check(t.Context(), module); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestMistakesAreFound changes the modules in wrong ways: the checks must find each mistake.
func TestMistakesAreFound(t *testing.T) {
	s := prepare(t)
	all := mistakes()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		t.Run(name, func(t *testing.T) {
			c := s.checker(t, s.engines[0])
			file := filepath.Join(c.tree, "terraform", m.file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), m.right) {
				t.Fatalf("%s no longer contains %q", m.file, m.right)
			}
			wrong := strings.Replace(string(text), m.right, m.wrong, 1)
			if err := os.WriteFile(file, []byte(wrong), 0o644); err != nil {
				t.Fatal(err)
			}
			module := m.module
			if module == "" {
				module = filepath.Dir(m.file)
			}
			err = c.check(t.Context(), module)
			if err == nil || !strings.Contains(strings.Join(strings.Fields(err.Error()), " "), m.found) {
				t.Errorf("error is %v, want one that contains %q", err, m.found)
			}
		})
	}
}

// TestDocumentation checks the inputs and outputs in the READMEs against the modules.
func TestDocumentation(t *testing.T) {
	program, err := build.Binary(t.Context(), build.Spec{
		Name: "terraform-docs", Module: "test/terraform/docs", Package: "github.com/terraform-docs/terraform-docs", Takes: "about 2 minutes",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range allModules(t) {
		args := []string{"--config", filepath.Join(source(t), ".terraform-docs.yml"), filepath.Join(source(t), module)}
		if !*update {
			args = append([]string{"--output-check"}, args...)
		}
		if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
			t.Errorf("run `go test ./test/terraform -run Documentation -update` if this is intended: %v\n%s", err, out)
		}
	}
}

// TestLint runs TFLint's rules for the language. Its rules for clouds are plugins, which cannot be built here.
func TestLint(t *testing.T) {
	program, err := build.Binary(t.Context(), build.Spec{
		Name: "tflint", Module: "test/terraform/lint", Package: "github.com/terraform-linters/tflint", Takes: "about 2 minutes",
	})
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(source(t), ".tflint.hcl")
	tree := t.TempDir()
	if err := copyTree(tree); err != nil {
		t.Fatal(err)
	}
	lint := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), program, "--recursive", "--no-color", "--config", config)
		cmd.Dir = filepath.Join(tree, "terraform")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := lint(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	unused := filepath.Join(tree, "terraform", "release", "unused.tf")
	if err := os.WriteFile(unused, []byte("locals {\n  unused = 1\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := lint(); err == nil || !strings.Contains(out, "terraform_unused_declarations") {
		t.Errorf("an unused local value is not reported: %v\n%s", err, out)
	}
}

// TestModulesHaveTheSameReleaseVariables checks that the variables of the release have the same types in all clouds' modules
// and in the module that installs the chart. A missing field would be dropped silently.
func TestModulesHaveTheSameReleaseVariables(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(source(t), path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	same := read("aws/telepod.tf")
	for _, cloud := range []string{"gcp", "azure"} {
		if read(cloud+"/telepod.tf") != same {
			t.Errorf("%s/telepod.tf differs from aws/telepod.tf", cloud)
		}
	}
	for _, variable := range []string{"telepod", "site"} {
		if got, want := typeOf(read("release/variables.tf"), variable), typeOf(same, variable); got != want || want == "" {
			t.Errorf("release and the clouds' modules declare different types of %s:\n%s\nwant\n%s", variable, got, want)
		}
	}
}

// typeOf returns the text of a variable's type.
func typeOf(text, variable string) string {
	_, text, _ = strings.Cut(text, "variable \""+variable+"\" {")
	_, text, _ = strings.Cut(text, "\n  type = ")
	text, _, _ = strings.Cut(text, "\n  })\n")
	return text
}
