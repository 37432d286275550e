package recording_test

import (
	"encoding/xml"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/recording"
)

// TestSVGKeepsColoursAndEscapesText checks that colours become classes, that columns stay aligned, and that output cannot
// contain markup or control characters.
func TestSVGKeepsColoursAndEscapesText(t *testing.T) {
	picture := string(recording.SVG("telepod check", []byte("\x1b[32m✓\x1b[0m fine  \x1b[31m<b>&\x07\x1b[0m\r\n\x1b[2Kplain\r\n"+strings.Repeat("ü", recording.Columns+3)+"\r\n")))
	for _, want := range []string{
		`<title>telepod check</title>`,
		`<text x="16" y="47" textLength="8" class="g">✓</text>`,
		`<text x="24" y="47" textLength="56" class=""> fine  </text>`,
		`<text x="80" y="47" textLength="32" class="r">&lt;b&gt;&amp;</text>`,
		`<text x="16" y="65" textLength="40" class="">plain</text>`,
		`<text x="16" y="83" textLength="880" class="">ü`,
		`<text x="16" y="101" textLength="24" class="">üüü</text>`,
		`height="122"`,
	} {
		if !strings.Contains(picture, want) {
			t.Errorf("%s is not in\n%s", want, picture)
		}
	}
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestRunProvidesATerminal also checks that a failing command is an error.
func TestRunProvidesATerminal(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("needs the program script of util-linux")
	}
	out, err := recording.Run(t.Context(), []string{"WORD=there"}, `test -t 1 && stty size && echo "hello $WORD"`)
	if err != nil || string(out) != "50 110\r\nhello there\r\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := recording.Run(t.Context(), nil, "exit 3"); err == nil {
		t.Error("a failing command returned no error")
	}
}
