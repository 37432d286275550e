package helm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/collector"
)

// bareSite has the values of a site without destinations.
const bareSite = `
cloud: {provider: aws, region: us-east-1}
cluster: {name: telemetry}
injector: {enabled: false}
regional: {enabled: false}
central: {enabled: true, primary: "telemetry.example.com:4318"}
`

// TestRecipes validates every snippet of values in docs/destinations.md with the real Collector.
func TestRecipes(t *testing.T) {
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "destinations.md"))
	if err != nil {
		t.Fatal(err)
	}
	program, err := collector.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	snippets := regexp.MustCompile("(?s)\n```yaml\n(.*?)```\n").FindAllStringSubmatch(string(page), -1)
	if len(snippets) < 10 {
		t.Fatalf("only %d snippets in docs/destinations.md", len(snippets))
	}
	environment := collectorEnv(t)
	for i, snippet := range snippets {
		_, name, _ := strings.Cut(snippet[1], "name: ")
		name = regexp.MustCompile(`^[a-z-]+`).FindString(name)
		t.Run(fmt.Sprintf("%d-%s", i, name), func(t *testing.T) {
			directory := t.TempDir()
			write(t, filepath.Join(directory, "site.yaml"), bareSite)
			write(t, filepath.Join(directory, "recipe.yaml"), snippet[1])
			documents := render(t, "v4", "--values", filepath.Join(directory, "site.yaml"), "--values", filepath.Join(directory, "recipe.yaml"))
			for document := range strings.SplitSeq(documents, "\n---\n") {
				if !strings.Contains(document, "\n  collector.yaml: |") {
					continue
				}
				run := collector.Run{Program: program, Env: append(slices.Clip(environment), destinationEnv(document)...)}
				run.Configs = writeConfigurations(t, decode(t, document).Object["data"].(map[string]any))
				if err := collector.Validate(t.Context(), run); err != nil {
					t.Errorf("%v:\n%s", err, snippet[1])
				}
				return
			}
			t.Error("the snippet renders no Collector configuration")
		})
	}
}
