package injector

import (
	"os"
	"strings"
	"testing"
)

// TestDocs keeps the reference of the annotations complete: every key is in it, and the list of
// reasons is written from the set itself (-update).
func TestDocs(t *testing.T) {
	const path, from, to = "../docs/annotations.md", "<!-- reasons -->\n", "<!-- /reasons -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range append(Annotations(), InjectionLabel, StatusAnnotation) {
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("%s says nothing of %s", path, key)
		}
	}
	before, rest, _ := strings.Cut(string(page), from)
	_, after, ok := strings.Cut(rest, to)
	if !ok {
		t.Fatalf("%s has no %s", path, to)
	}
	var table strings.Builder
	table.WriteString("| reason | meaning |\n|---|---|\n")
	for _, r := range Reasons() {
		table.WriteString("| `" + string(r.Reason) + "` | " + r.Text + " |\n")
	}
	want := before + from + table.String() + to + after
	if want == string(page) {
		return
	}
	if !*update {
		t.Fatalf("%s does not list the reasons as they are: run go test ./injector -update", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
