package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Screen redraws one text in place: on the terminal's second screen, so that what was there before comes back at the end.
type Screen struct {
	out *os.File
}

// ErrNoTerminal is the error if an output cannot be redrawn.
var ErrNoTerminal = errors.New("the output is no terminal")

// Escape sequences of xterm, which terminals understand or skip: second screen, cursor and line wrap.
const (
	openScreen  = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	closeScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
)

// OpenScreen prepares a terminal. Close it in any case.
func OpenScreen(out io.Writer) (*Screen, error) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, ErrNoTerminal
	}
	_, err := io.WriteString(file, openScreen)
	return &Screen{file}, err
}

// Draw replaces what is shown.
func (s *Screen) Draw(text string) error {
	_, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil {
		height = 0
	}
	_, err = io.WriteString(s.out, frame(text, height))
	return err
}

// Close brings back what was there before.
func (s *Screen) Close() error {
	_, err := io.WriteString(s.out, closeScreen)
	return err
}

// frame writes over the one before, line by line, and clears what is left of it: nothing is blank meanwhile. Terminals
// that know of synchronized updates show it at once. Zero means that the height is not known.
func frame(text string, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if height > 1 && len(lines) > height {
		lines = append(lines[:height-1], fmt.Sprintf("… and %d more lines: enlarge the window", len(lines)-height+1))
	}
	return "\x1b[?2026h\x1b[H" + strings.Join(lines, "\x1b[K\r\n") + "\x1b[K\x1b[J\x1b[?2026l"
}
