package terminal

import (
	"bytes"
	"errors"
	"testing"
)

func TestFrame(t *testing.T) {
	for _, test := range []struct {
		text   string
		height int
		want   string
	}{
		{"a\nb\n", 2, "\x1b[?2026h\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J\x1b[?2026l"},
		{"a\nb\nc\n", 2, "\x1b[?2026h\x1b[Ha\x1b[K\r\n… and 2 more lines: enlarge the window\x1b[K\x1b[J\x1b[?2026l"},
		{"a\nb\nc", 0, "\x1b[?2026h\x1b[Ha\x1b[K\r\nb\x1b[K\r\nc\x1b[K\x1b[J\x1b[?2026l"},
	} {
		if got := frame(test.text, test.height); got != test.want {
			t.Errorf("%q in %d lines: %q", test.text, test.height, got)
		}
	}
}

func TestScreenOfAPipe(t *testing.T) {
	if _, err := OpenScreen(&bytes.Buffer{}); !errors.Is(err, ErrNoTerminal) {
		t.Errorf("%v", err)
	}
}
