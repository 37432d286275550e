package estate_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/telepod/telepod/estate"
)

// TestExamples: the manifests for Argo CD and Flux are YAML, and name clusters, the namespace and the version of
// examples/estate/estate.yaml. test/terraform checks main.tf.
func TestExamples(t *testing.T) {
	data, err := os.ReadFile("../examples/estate/estate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e, problems := estate.Load("estate.yaml", data)
	if e == nil {
		t.Fatal(problems)
	}
	kinds := map[string]int{}
	for _, file := range []string{"argocd.yaml", "flux.yaml", "main.tf"} {
		text, err := os.ReadFile("../examples/estate/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), e.Chart.Version) || !strings.Contains(string(text), "ghcr.io/telepod/charts") {
			t.Errorf("%s does not use version %s of the chart from ghcr.io/telepod/charts", file, e.Chart.Version)
		}
		if file == "main.tf" {
			continue
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var object struct {
				Kind     string
				Metadata struct{ Namespace string }
				Spec     struct {
					Strategy struct {
						RollingSync struct {
							Steps []struct {
								MatchExpressions []struct{ Values []string }
							}
						} `yaml:"rollingSync"`
					}
				}
			}
			err := decoder.Decode(&object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			kinds[object.Kind]++
			for _, step := range object.Spec.Strategy.RollingSync.Steps {
				for _, match := range step.MatchExpressions {
					for _, name := range match.Values {
						if !slices.Contains(e.Names(), name) {
							t.Errorf("%s: the estate has no cluster %q", file, name)
						}
					}
				}
			}
		}
	}
	if kinds["ApplicationSet"] != 1 || kinds["OCIRepository"] != 1 || kinds["HelmRelease"] != 1 {
		t.Errorf("kinds: %v", kinds)
	}
}
