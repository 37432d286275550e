package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// gaps are between columns; their width depends on the content.
var gaps = regexp.MustCompile(" {2,}")

// TestDocs runs the command lines of docs/cli.md that show their output. The program must print each of
// the lines; … matches anything. Their files are in testdata/docs.
func TestDocs(t *testing.T) {
	for _, name := range []string{envRegion, envAccount, envCluster, envEnvironment} {
		t.Setenv(name, "")
	}
	text := string(read(t, "../../docs/cli.md"))
	t.Chdir("testdata/docs")
	blocks := strings.Split(text, "\n    $ telepod ")[1:]
	if len(blocks) < 4 {
		t.Fatalf("%d command lines", len(blocks))
	}
	for _, block := range blocks {
		command, shown, _ := strings.Cut(block, "\n")
		t.Run(command, func(t *testing.T) {
			var out bytes.Buffer
			run(strings.Fields(command), streams{os.Stdin, &out, &out})
			printed := strings.Split(out.String(), "\n")
			for line := range strings.Lines(shown) {
				line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "    ")
				if !ok {
					break
				}
				pattern := regexp.MustCompile("^" + gaps.ReplaceAllString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"), " {2,}") + "$")
				if !slices.ContainsFunc(printed, pattern.MatchString) {
					t.Errorf("it does not print %q but:\n%s", line, &out)
				}
			}
		})
	}
}
