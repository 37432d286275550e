package screen

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTableFitsTheTerminal(t *testing.T) {
	for name, cells := range map[string][]string{
		"short":           {"aws", "gcp", "azure"},
		"an identifier":   {"a", "b", strings.Repeat("8e5c2f04", 5)},
		"all identifiers": {strings.Repeat("a", 36), strings.Repeat("b", 36), strings.Repeat("c", 36)},
		"all wide":        {strings.Repeat("a", 29), strings.Repeat("b", 29), strings.Repeat("c", 29)},
	} {
		t.Run(name, func(t *testing.T) {
			out := &strings.Builder{}
			tab := Table{Head: []string{"aws", "gcp", "azure"}}
			tab.Add("OTEL_EXPORTER_OTLP_ENDPOINT", "http://10.231.1.11:4317", "http://otel.demo:4318", "http://127.0.0.1:4317")
			tab.Add("CELL", cells...)
			(&Screen{out: out}).Table(tab)
			for line := range strings.Lines(out.String()) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
					t.Errorf("%d characters: %s", n, line)
				}
			}
			if name != "all wide" && !strings.Contains(out.String(), "http://10.231.1.11:4317") {
				t.Errorf("an endpoint was shortened instead of an identifier:\n%s", out)
			}
		})
	}
}

func TestShortenKeepsBothEnds(t *testing.T) {
	for text, want := range map[string]string{
		"eight888":       "eight888",
		"nine99999":      "nine…999",
		"‹status.podIP›": "‹sta…IP›",
	} {
		if got := Shorten(text, 8); got != want {
			t.Errorf("Shorten(%q, 8) = %q, want %q", text, got, want)
		}
	}
}

func TestScreenWithoutColour(t *testing.T) {
	out := &strings.Builder{}
	s := &Screen{out: out}
	s.Step(1, 9, "Begin")
	s.Done("a sentence that is so long that it takes two lines, the second of which ends with the time that all of it took", 1500*time.Millisecond)
	s.Failure("it broke\nhere")
	want := `
step 1 of 9: Begin
   ✓ a sentence that is so long that it takes two lines, the second of which ends with the
     time that all of it took                                                                  1.5 s
   ✗ it broke
     here
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
