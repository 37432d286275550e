package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Screen redraws one text in place. It uses the terminal's alternate screen, so Close restores the previous contents.
type Screen struct {
	out *os.File
}

// ErrNoTerminal means that an output cannot be redrawn.
var ErrNoTerminal = errors.New("the output is not a terminal")

// Escape sequences of xterm, which other terminals support or ignore: alternate screen, cursor and line wrap.
const (
	openScreen  = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	closeScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
)

// OpenScreen prepares a terminal. The caller must close the screen.
func OpenScreen(out io.Writer) (*Screen, error) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, ErrNoTerminal
	}
	_, err := io.WriteString(file, openScreen)
	return &Screen{file}, err
}

// Draw replaces the text on the screen.
func (s *Screen) Draw(text string) error {
	_, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil {
		height = 0
	}
	_, err = io.WriteString(s.out, frame(text, height))
	return err
}

// Close restores the previous contents.
func (s *Screen) Close() error {
	_, err := io.WriteString(s.out, closeScreen)
	return err
}

// frame overwrites the previous frame line by line and clears the rest, so the screen does not flicker. Terminals with
// synchronized updates show it in one step. A height of zero means that it is unknown.
func frame(text string, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if height > 1 && len(lines) > height {
		lines = append(lines[:height-1], fmt.Sprintf("… and %d more lines: enlarge the window", len(lines)-height+1))
	}
	return "\x1b[?2026h\x1b[H" + strings.Join(lines, "\x1b[K\r\n") + "\x1b[K\x1b[J\x1b[?2026l"
}
