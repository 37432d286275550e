package archive

import (
	"strings"
	"unicode"
)

// Printable keeps what somebody else wrote, such as a key or a message, from moving a terminal's cursor or making a
// line of its own: what cannot be printed becomes a question mark.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
