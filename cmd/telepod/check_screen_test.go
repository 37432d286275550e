package main

import (
	"encoding/json"
	"testing"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/terminal"
	"github.com/telepod/telepod/test/golden"
)

// TestCheckScreens: docs/cli.md shows the output for lines from real clusters.
func TestCheckScreens(t *testing.T) {
	for _, name := range []string{"broken", "healthy"} {
		var lines []checks.Line
		if err := json.Unmarshal(read(t, "testdata/check/"+name+".json"), &lines); err != nil {
			t.Fatal(err)
		}
		screen := "```\n$ telepod check --context prod-use1\n" + checkText(terminal.Terminal{}, []string{"prod-use1"}, checks.Fold(lines)) + "```\n"
		begin := "<!-- screen: " + name + " -->\n"
		golden.Section(t, "../../docs/cli.md", begin, "<!-- end -->", screen)
	}
}
