package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"

	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/test/document"
)

// maxProduct is the maximum product of a file's and its output's number of lines for which the minimal diff is computed.
const maxProduct = 4_000_000

// checkDiff checks that the diff produces the output, and compares the number of lines it removes with the minimum. It
// returns that number.
func checkDiff(t *testing.T, f file, m *manifest.Manifest, out []byte) int {
	t.Helper()
	edits, err := m.Edits()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]udiff.Edit, len(edits))
	for i, e := range edits {
		list[i] = udiff.Edit{Start: e.Start, End: e.End, New: e.New}
	}
	diff, err := udiff.ToUnified("a", "b", string(f.data), list, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := applyDiff(string(f.data), diff); err != nil || got != string(out) {
		t.Errorf("%s: the diff does not produce the output: %v", f.name, err)
	}
	removed := strings.Count(diff, "\n-")
	before, after := lines(string(f.data)), lines(string(out))
	// Aliases must be expanded, and JSON has commas.
	exempt := bytes.Contains(f.data, []byte("*")) || json.Valid(f.data)
	if exempt || removed == 0 || len(before)*len(after) > maxProduct {
		return removed
	}
	if best := len(before) - document.CommonLines(before, after); removed > best {
		t.Errorf("%s: the diff removes %d lines, the minimum is %d", f.name, removed, best)
	}
	return removed
}

// applyDiff applies a unified diff.
func applyDiff(text, diff string) (string, error) {
	old := lines(text)
	next := 0
	var out strings.Builder
	last := ""
	for _, line := range lines(diff) {
		body := ""
		if line != "" {
			body = line[1:]
		}
		switch {
		case strings.HasPrefix(line, "--- a") || strings.HasPrefix(line, "+++ b"):
		case strings.HasPrefix(line, "\\") && strings.HasPrefix(last, "-"):
		case strings.HasPrefix(line, "\\"):
			trimmed := strings.TrimSuffix(out.String(), "\n")
			out.Reset()
			out.WriteString(trimmed)
		case strings.HasPrefix(line, "@@"):
			var start int
			if _, err := fmt.Sscanf(line, "@@ -%d", &start); err != nil {
				return "", err
			}
			for ; next < start-1; next++ {
				out.WriteString(old[next])
			}
		case strings.HasPrefix(line, "+"):
			out.WriteString(body)
		case next >= len(old) || strings.TrimSuffix(body, "\n") != strings.TrimSuffix(old[next], "\n"):
			return "", fmt.Errorf("line %d is not %q", next+1, body)
		default:
			if strings.HasPrefix(line, " ") {
				out.WriteString(body)
			}
			next++
		}
		last = line
	}
	for ; next < len(old); next++ {
		out.WriteString(old[next])
	}
	return out.String(), nil
}

func lines(text string) []string {
	list := strings.SplitAfter(text, "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}
