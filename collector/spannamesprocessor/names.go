package spannamesprocessor

import "strings"

// placeholder stands for an identifier.
const placeholder = "{id}"

// longest bounds a name, in bytes: each series of span metrics contains it, in memory and in the store.
const longest = 200

// series returns the name under which a span is counted: without identifiers, and of bounded length.
func series(name string) string {
	name = withoutIDs(name)
	if len(name) <= longest {
		return name
	}
	return strings.ToValidUTF8(name[:longest], "") + "…"
}

// withoutIDs returns a span name with {id} in place of each part that looks like an identifier:
//
//   - a UUID;
//   - a number of four or more digits, or of any length if it is a whole segment of a path or the value of a query;
//   - eight or more hexadecimal digits, one of them 0 to 9.
//
// Words such as v2, us-east-1 and http stay. A name without identifiers is returned as it is.
func withoutIDs(name string) string {
	var out strings.Builder
	rest := 0 // the first byte that is not in out
	for i := 0; i < len(name); {
		if !inWord(name[i]) {
			i++
			continue
		}
		end := i + uuidLength(name[i:])
		if end == i {
			for end < len(name) && inWord(name[end]) {
				end++
			}
			if !isID(name[i:end], wholeSegment(name, i, end)) {
				i = end
				continue
			}
		}
		out.WriteString(name[rest:i])
		out.WriteString(placeholder)
		i, rest = end, end
	}
	if rest == 0 {
		return name
	}
	out.WriteString(name[rest:])
	return out.String()
}

// isID reports whether a word is a number or hexadecimal.
func isID(word string, segment bool) bool {
	digits := 0
	for i := range len(word) {
		switch {
		case isDigit(word[i]):
			digits++
		case !isHex(word[i]):
			return false
		}
	}
	if digits == len(word) {
		return segment || digits >= 4
	}
	return digits > 0 && len(word) >= 8
}

// wholeSegment reports whether a word is an entire path segment or query value.
func wholeSegment(name string, start, end int) bool {
	return start > 0 && strings.IndexByte("/=", name[start-1]) >= 0 &&
		(end == len(name) || strings.IndexByte("/?#& ", name[end]) >= 0)
}

const uuidForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

// uuidLength returns the length of a UUID at the beginning of a text, or 0.
func uuidLength(text string) int {
	if len(text) < len(uuidForm) || len(text) > len(uuidForm) && inWord(text[len(uuidForm)]) {
		return 0
	}
	for i := range len(uuidForm) {
		if uuidForm[i] == '-' && text[i] != '-' || uuidForm[i] != '-' && !isHex(text[i]) {
			return 0
		}
	}
	return len(uuidForm)
}

// inWord reports whether a byte is part of a word: a letter, of any script, or a digit.
func inWord(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
