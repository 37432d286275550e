package secretsprocessor

import "strings"

// words reports whether a name ends with one of a list of words. It is indexed by the last two letters of the words, so
// most names cost one table lookup. That is cheaper than a cache of results, which a sender could fill.
type words struct {
	byEnd [1024][]word
}

type word struct {
	text string // lower case, without separators
	open bool   // may begin inside a word
}

func newWord(key string) word {
	rest, open := strings.CutPrefix(key, "*")
	var text strings.Builder
	for i := 0; i < len(rest); i++ {
		if !isSeparator(rest[i]) {
			text.WriteByte(fold(rest[i]))
		}
	}
	return word{text: text.String(), open: open}
}

func newWords(keys ...[]string) *words {
	w := &words{}
	for _, list := range keys {
		for _, key := range list {
			added := newWord(key)
			slot := added.text[len(added.text)-1:]
			if len(added.text) > 1 {
				end := bucket(added.text[len(added.text)-2], slot[0])
				w.byEnd[end] = append(w.byEnd[end], added)
				continue
			}
			// Anything can come before a single letter.
			for before := range byte(32) {
				end := bucket(before, slot[0])
				w.byEnd[end] = append(w.byEnd[end], added)
			}
		}
	}
	return w
}

func bucket(before, last byte) int { return int(before&31)<<5 | int(last&31) }

// match reports whether the name, or the part of it after a separator or from a capital letter on, is one of the words. Numbers at the end do not count: password2 and authorization.0 match.
func (w *words) match(name string) bool {
	name = trimSeparators(name)
	if w.endsWithWord(name) {
		return true
	}
	end := len(name)
	for end > 0 && name[end-1] >= '0' && name[end-1] <= '9' {
		end--
	}
	return end < len(name) && w.endsWithWord(trimSeparators(name[:end]))
}

func trimSeparators(name string) string {
	end := len(name)
	for end > 0 && isSeparator(name[end-1]) {
		end--
	}
	return name[:end]
}

func (w *words) endsWithWord(name string) bool {
	if name == "" {
		return false
	}
	var before byte
	switch n := len(name); {
	case n > 2 && isSeparator(name[n-2]):
		before = name[n-3]
	case n > 1:
		before = name[n-2]
	}
	for _, word := range w.byEnd[bucket(before, name[len(name)-1])] {
		if word.ends(name) {
			return true
		}
	}
	return false
}

// ends compares from the end, with at most one separator between two letters.
func (w word) ends(name string) bool {
	i := len(name)
	for j := len(w.text) - 1; j >= 0; j-- {
		i--
		if i > 0 && isSeparator(name[i]) {
			i--
		}
		if i < 0 || fold(name[i]) != w.text[j] {
			return false
		}
	}
	return w.open || i == 0 || isSeparator(name[i-1]) || isCapitalised(name, i)
}

// isCapitalised reports whether a word begins at i in a name like accessToken or JWTToken.
func isCapitalised(name string, i int) bool {
	return isUpper(name[i]) && (!isUpper(name[i-1]) || i+1 < len(name) && isLower(name[i+1]))
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSeparator(c byte) bool {
	switch c {
	case '.', '-', '_', '/', ':', ' ', '[', ']':
		return true
	}
	return false
}

func fold(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}
