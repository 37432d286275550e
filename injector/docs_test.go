package injector

import (
	"strings"
	"testing"

	"github.com/telepod/telepod/test/golden"
)

// TestDocs checks that the reference of the annotations is complete: it must have every key, and its list of
// reasons is generated from the set (-update).
func TestDocs(t *testing.T) {
	const path, from, to = "../docs/annotations.md", "<!-- reasons -->\n", "<!-- /reasons -->"
	page := string(golden.Read(t, path))
	for _, key := range append(Annotations(), InjectionLabel, StatusAnnotation) {
		if !strings.Contains(page, "`"+key+"`") {
			t.Errorf("%s does not describe %s", path, key)
		}
	}
	var table strings.Builder
	table.WriteString("| reason | meaning |\n|---|---|\n")
	for _, r := range Reasons() {
		table.WriteString("| `" + string(r.Reason) + "` | " + r.Text + " |\n")
	}
	golden.Section(t, path, from, to, table.String())
}
