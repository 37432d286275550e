package terminal

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Terminal describes an output. The zero value describes a pipe: no colours, no width limit.
type Terminal struct {
	// Width is in columns; 0 means that lines are not wrapped.
	Width int
	// Color allows escape sequences for colours.
	Color bool
}

// Of returns the properties of an output.
func Of(out io.Writer) Terminal {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Terminal{}
	}
	t := Terminal{Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		t.Width = width
	}
	return t
}

// Tone is the meaning of a piece of text, which determines its colour.
type Tone string

// Tones, as the codes of ECMA-48 (Select Graphic Rendition).
const (
	Plain Tone = ""
	Good  Tone = "32" // green
	Bad   Tone = "31" // red
	Warn  Tone = "33" // yellow
	Bold  Tone = "1"
	Faint Tone = "2"
)

// Paint returns text in the colour of its tone, if the terminal has colours.
func (t Terminal) Paint(tone Tone, text string) string {
	if !t.Color || tone == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(tone) + "m" + text + "\x1b[0m"
}

// narrowest is the space below which wrapping does more harm than good.
const narrowest = 20

// Wrap breaks text at spaces so that it fits the terminal if it starts in column indent; further lines are
// indented by as much. A word that is too long is not broken, so that it can be copied.
func (t Terminal) Wrap(indent int, text string) string {
	room := t.Width - indent
	if t.Width == 0 || room < narrowest || utf8.RuneCountInString(text) <= room {
		return text
	}
	var b strings.Builder
	used := 0
	for word := range strings.SplitSeq(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case used == 0:
		case used+1+n > room:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}
