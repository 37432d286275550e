package restart_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet/restart"
)

var update = flag.Bool("update", false, "write the list of reasons into docs/cli.md")

// TestDocs: docs/cli.md lists every reason.
func TestDocs(t *testing.T) {
	const path, from, to = "../../docs/cli.md", "<!-- restart reasons -->\n", "<!-- /restart reasons -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), from)
	_, after, ok := strings.Cut(rest, to)
	if !ok {
		t.Fatalf("%s has no %s", path, to)
	}
	table := "| reason | meaning |\n|---|---|\n"
	for _, m := range restart.Reasons() {
		table += "| `" + string(m.Reason) + "` | " + m.Text + " |\n"
	}
	want := before + from + table + to + after
	if want == string(page) {
		return
	}
	if !*update {
		t.Fatalf("%s does not list the reasons as they are: run go test ./fleet/restart -update", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
