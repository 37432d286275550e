package terminal

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestProgress: a pipe gets the first line early, further ones at each interval, and a last one from Finish.
func TestProgress(t *testing.T) {
	pace := Pace{First: 3 * time.Second, Redraw: time.Second, Print: 15 * time.Second}
	for _, test := range []struct {
		took time.Duration
		stop func(*Progress)
		want string
	}{
		{2 * time.Second, (*Progress).Finish, ""},
		{20 * time.Second, (*Progress).Stop, "build 3s\nbuild 18s\n"},
		{20 * time.Second, (*Progress).Finish, "build 3s\nbuild 18s\nbuild 20s\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			p := NewProgress(&out, pace, func(took time.Duration) string { return fmt.Sprint("build ", took) })
			time.Sleep(test.took) // the clock of synctest
			test.stop(p)
			if out.String() != test.want {
				t.Errorf("after %s: %q, want %q", test.took, out.String(), test.want)
			}
		})
	}
}

// TestProgressOnATerminal: the line is redrawn in place, below others, and cleared.
func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := &Progress{out: &out, terminal: true, line: func(time.Duration) string { return "42%" }, done: make(chan struct{})}
	p.draw()
	p.Println("note")
	p.draw()
	p.Stop()
	if want := "\r\x1b[K42%\r\x1b[Knote\n\r\x1b[K42%\r\x1b[K"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
