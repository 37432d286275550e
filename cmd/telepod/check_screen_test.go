package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/terminal"
)

// TestCheckScreens: docs/cli.md shows the output for lines from real clusters.
func TestCheckScreens(t *testing.T) {
	const path = "../../docs/cli.md"
	text := string(read(t, path))
	for _, name := range []string{"broken", "healthy"} {
		var lines []checks.Line
		if err := json.Unmarshal(read(t, "testdata/check/"+name+".json"), &lines); err != nil {
			t.Fatal(err)
		}
		screen := "```\n$ telepod check --context prod-use1\n" + checkText(terminal.Terminal{}, []string{"prod-use1"}, checks.Fold(lines)) + "```\n"
		begin := "<!-- screen: " + name + " -->\n"
		before, rest, found := strings.Cut(text, begin)
		shown, after, ended := strings.Cut(rest, "<!-- end -->")
		if !found || !ended {
			t.Fatalf("no screen %q in %s", name, path)
		}
		if shown != screen && !*update {
			t.Errorf("docs/cli.md shows\n%s\nwant\n%s\n(go test ./cmd/telepod -run CheckScreens -update)", shown, screen)
		}
		text = before + begin + screen + "<!-- end -->" + after
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
