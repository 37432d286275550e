package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// width is the minimum width that terminals are expected to have.
const width = 100

// Screen prints the demo, in colour only on a terminal (https://no-color.org).
type Screen struct {
	out    io.Writer
	colour bool
}

type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// New prints to a file, in colour if it is a terminal.
func New(out *os.File) *Screen {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &Screen{out: out, colour: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s *Screen) in(st style, text string) string {
	if !s.colour || st == plain || text == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// Line prints a line unchanged.
func (s *Screen) Line(text string) { fmt.Fprintln(s.out, text) }

// Heading starts a section.
func (s *Screen) Heading(text string) { s.Line("\n" + s.in(bold, text)) }

// Text prints a paragraph.
func (s *Screen) Text(text string) { s.paragraph(plain, 0, text) }

// Note prints a remark.
func (s *Screen) Note(text string) { s.paragraph(dim, 3, text) }

// Quote prints another program's output.
func (s *Screen) Quote(text string) { s.paragraph(yellow, 3, text) }

// Command prints a command that a user would type.
func (s *Screen) Command(text string) { s.Line("   " + s.in(dim, "$ ") + text) }

func (s *Screen) paragraph(st style, by int, text string) {
	for _, line := range wrap(text, width-by) {
		s.Line(strings.Repeat(" ", by) + s.in(st, line))
	}
}

// Step starts step n of several; number 0 is a step outside the count.
func (s *Screen) Step(n, of int, title string) {
	number := "·"
	if n > 0 {
		number = fmt.Sprintf("step %d of %d:", n, of)
	}
	s.Line("\n" + s.in(bold, number+" "+title))
}

// Done ends a step with what was done, and its duration at the right edge.
func (s *Screen) Done(summary string, took time.Duration) {
	elapsed := fmt.Sprintf("%.1f s", took.Seconds())
	lines := wrap(summary, width-5-8)
	for i, line := range lines {
		mark := " "
		if i == 0 {
			mark = s.in(green, "✓")
		}
		if i == len(lines)-1 {
			line += strings.Repeat(" ", width-5-utf8.RuneCountInString(line)-len(elapsed)) + s.in(dim, elapsed)
		}
		s.Line("   " + mark + " " + line)
	}
}

// Failure prints a failure, which may have several lines.
func (s *Screen) Failure(what string) {
	mark := s.in(red, "   ✗ ")
	for text := range strings.SplitSeq(strings.TrimSpace(what), "\n") {
		for _, line := range wrap(text, width-5) {
			s.Line(mark + line)
			mark = "     "
		}
	}
}

// wrap breaks a text at spaces into lines of at most limit characters; a longer word stays whole.
func wrap(text string, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > limit:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
