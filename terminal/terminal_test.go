package terminal_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/terminal"
)

func TestOfAPipe(t *testing.T) {
	if got := terminal.Of(&bytes.Buffer{}); got != (terminal.Terminal{}) {
		t.Errorf("%+v, want no colour and no width", got)
	}
}

func TestPaint(t *testing.T) {
	if got := (terminal.Terminal{Color: true}).Paint(terminal.Bad, "no"); got != "\x1b[31mno\x1b[0m" {
		t.Errorf("%q", got)
	}
	if got := (terminal.Terminal{}).Paint(terminal.Bad, "no"); got != "no" {
		t.Errorf("%q without colours", got)
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, "seven short words, and http://one-that-is-longer-than-the-line.example/ is whole"},
		{30, "seven short words, and\n    http://one-that-is-longer-than-the-line.example/\n    is whole"},
		{10, "seven short words, and http://one-that-is-longer-than-the-line.example/ is whole"},
	} {
		got := terminal.Terminal{Width: test.width}.Wrap(4, "seven short words, and http://one-that-is-longer-than-the-line.example/ is whole")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("width %d (-want +got):\n%s", test.width, diff)
		}
	}
}

func TestTable(t *testing.T) {
	rows := [][]terminal.Cell{
		terminal.Row("NAME", "DETAIL"),
		{{Text: "größer", Tone: terminal.Good}, {Text: "a sentence that does not fit this line"}},
		terminal.Row("b", ""),
	}
	if diff := cmp.Diff("NAME    DETAIL\ngrößer  a sentence that does not fit this line\nb\n", terminal.Terminal{}.Table(rows...)); diff != "" {
		t.Errorf("pipe (-want +got):\n%s", diff)
	}
	want := "\x1b[2mNAME\x1b[0m    \x1b[2mDETAIL\x1b[0m\n\x1b[32mgrößer\x1b[0m  a sentence that does\n        not fit this line\nb\n"
	if diff := cmp.Diff(want, terminal.Terminal{Width: 30, Color: true}.Table(rows...)); diff != "" {
		t.Errorf("terminal (-want +got):\n%s", diff)
	}
}
