package restart_test

import (
	"testing"

	"github.com/telepod/telepod/fleet/restart"
	"github.com/telepod/telepod/test/golden"
)

// TestDocs: docs/cli.md lists every reason.
func TestDocs(t *testing.T) {
	const path, from, to = "../../docs/cli.md", "<!-- restart reasons -->\n", "<!-- /restart reasons -->"
	table := "| reason | meaning |\n|---|---|\n"
	for _, m := range restart.Reasons() {
		table += "| `" + string(m.Reason) + "` | " + m.Text + " |\n"
	}
	golden.Section(t, path, from, to, table)
}
