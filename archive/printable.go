package archive

import (
	"strings"
	"unicode"
)

// Printable makes untrusted text, such as a key or a message, safe for a terminal: it replaces non-printable
// characters by question marks, so that the text can neither move the cursor nor start a new line.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
