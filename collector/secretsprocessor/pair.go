package secretsprocessor

import "strings"

// pair looks at a name before = or : and masks the value after it: password=x, "password": "x", Password:x,
// :password=>"x", password = 'x'.
func (s *scan) pair(i int) span {
	begin, end, quoted := s.nameBefore(i)
	name := s.value[begin:end]
	if name == "" || !s.secret(s.names, name) || s.isSyntax(i, begin) {
		return span{}
	}
	start := s.valueAfter(i)
	if start == len(s.value) {
		return span{}
	}
	if opening := s.openingQuote(start); opening != "" {
		return s.quoted(start+len(opening), opening)
	}
	stop := s.bareEnd(i, start, name, s.byteAt(begin-1))
	switch {
	case s.value[start] == '[', s.value[start] == '{':
		return s.bracketed(start, quoted)
	case s.value[i] == '=' && isSpace(s.value[start-1]) && s.value[i-1] != ' ':
		return span{} // password= next=value
	case s.isPlaceholder(s.value[start:stop]), quoted == "" && s.value[i] == ':' && start > i+1 && isProse(s.value[start:stop]):
		return span{}
	}
	// An unquoted value of JSON is a number. The mask is not, so it needs the quotes of the name.
	return span{start: start, end: stop, by: quoted + mask + quoted}
}

// valueAfter returns the beginning of a value after =, ==, => or :.
func (s *scan) valueAfter(i int) int {
	start := i + 1
	for start < len(s.value) && start < i+3 && (s.value[start] == '=' || s.value[start] == '>') {
		start++
	}
	return s.run(start, func(c byte) bool { return c == ' ' || c == '\t' })
}

// secret reports whether a name inside a string names a secret and is not one to keep.
func (s *scan) secret(w *words, name string) bool { return w.match(name) && !s.keep.match(name) }

// isSyntax reports whether the colon at i belongs to something else: scheme://, package::name, arn:aws:secret:name.
func (s *scan) isSyntax(i, begin int) bool {
	return s.value[i] == ':' && (strings.HasPrefix(s.value[i+1:], "//") || s.byteAt(i+1) == ':' || s.byteAt(begin-1) == ':')
}

// nameBefore returns where the name before i begins and ends, and the quote around it with its backslashes.
func (s *scan) nameBefore(i int) (start, end int, quoted string) {
	end = i
	for end > 0 && i-end < 2 && s.value[end-1] == ' ' {
		end--
	}
	if after := end; end > 0 && isQuote(s.value[end-1]) {
		end--
		for end > 0 && after-end < 8 && s.value[end-1] == '\\' {
			end--
		}
		quoted = s.value[end:after]
	}
	start = end
	for start > 0 && end-start < maxKeyLength && isNameByte(s.value[start-1]) {
		start--
	}
	return start, end, quoted
}

func isNameByte(c byte) bool {
	switch c {
	case '_', '-', '.', '/', '[', ']', '$':
		return true
	}
	return isAlnum(c)
}

// openingQuote returns the quote at i with the backslashes before it.
func (s *scan) openingQuote(i int) string {
	end := s.run(i, func(c byte) bool { return c == '\\' })
	if end-i < 8 && end < len(s.value) && isQuote(s.value[end]) {
		return s.value[i : end+1]
	}
	return ""
}

// quoted masks up to the closing quote, or to the end of a string that was cut off.
func (s *scan) quoted(start int, opening string) span {
	found := s.throughQuote(start, opening)
	if found.start < found.end && s.isPlaceholder(s.value[start:s.closingQuote(start, opening)]) {
		return span{start: found.end, end: found.end}
	}
	return found
}

// throughQuote masks up to the closing quote and continues behind it, so that this quote does not open anything. It does
// not mask an empty string.
func (s *scan) throughQuote(start int, opening string) span {
	end := s.closingQuote(start, opening)
	after := s.run(end, func(c byte) bool { return c == '\\' })
	if after < len(s.value) {
		after++
	}
	if end == start {
		return span{start: after, end: after}
	}
	return span{start: start, end: after, by: mask + s.value[end:after]}
}

func (s *scan) closingQuote(i int, opening string) int {
	quote, depth := opening[len(opening)-1], len(opening)-1
	backslashes := 0
	for ; i < len(s.value); i++ {
		c := s.value[i]
		switch {
		case c == '\\':
			backslashes++
			continue
		case c != quote:
		case depth > 0 && backslashes <= depth:
			return i - backslashes
		case depth == 0 && quote == '\'' && backslashes == 0 && s.byteAt(i+1) == quote:
			i++ // '' inside an SQL literal
		case depth == 0 && backslashes%2 == 0:
			return i - backslashes
		}
		backslashes = 0
	}
	return len(s.value)
}

// bracketed masks a list or an object of JSON, and a value in braces in a connection string. Brackets inside strings of
// JSON, which have the same quotes as the name, do not count.
func (s *scan) bracketed(start int, quoted string) span {
	depth := 0
	for i := start; i < len(s.value); i++ {
		switch s.value[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '\\', '"', '\'':
			if quoted != "" && strings.HasPrefix(s.value[i:], quoted) {
				i = s.closingQuote(i+len(quoted), quoted) + len(quoted) - 1
			}
		}
		if depth == 0 {
			if i == start+1 {
				return span{}
			}
			return span{start: start, end: i + 1, by: quoted + mask + quoted}
		}
	}
	return span{start: start, end: len(s.value), by: quoted + mask + quoted}
}

// bareEnd returns the end of a value without quotes. The byte before its name shows a connection string.
func (s *scan) bareEnd(i, start int, name string, before byte) int {
	switch {
	case endsWithFold(name, "cookie"), endsWithFold(name, "authorization") && s.value[i] == ':':
		// A header: all of its line.
		return s.until(start, func(c byte) bool { return c == '\n' || c == '\r' || c == '"' || c == '\'' })
	case before == ';':
		// A connection string, where only a semicolon ends a value.
		return s.until(start, func(c byte) bool { return c == ';' || c == '"' || c == '\n' })
	}
	end := start
	for end < len(s.value) && !s.endsBare(end) {
		end++
	}
	if endsWithFold(name, "authorization") && s.byteAt(end) == ' ' && isSchemeName(s.value[start:end]) {
		end = s.run(end, func(c byte) bool { return c == ' ' })
		for end < len(s.value) && !s.endsBare(end) {
			end++
		}
	}
	return end
}

func (s *scan) endsBare(i int) bool {
	switch c := s.value[i]; c {
	case ',', ';', '&', '<', '>', '|', '\\':
		return true
	case ')', ']', '}':
		next := s.byteAt(i + 1)
		return next == 0 || isSpace(next) || strings.IndexByte(",;)]}.\"'", next) >= 0
	default:
		return isSpace(c) || isQuote(c)
	}
}

// endsWithFold reports whether name ends with end, in upper or lower case. end is in lower case.
func endsWithFold(name, end string) bool {
	return len(name) >= len(end) && fold(name[len(name)-1]) == end[len(end)-1] && strings.EqualFold(name[len(name)-len(end):], end)
}

func isSchemeName(word string) bool {
	for i := range len(word) {
		if !isLetter(word[i]) {
			return false
		}
	}
	return word != "" && word != mask
}

// isPlaceholder reports whether a value is empty or a placeholder: null, $1, ?, %s, ***, the mask.
func (s *scan) isPlaceholder(value string) bool {
	switch value {
	case "", "?", "%s", "%v", "%q":
		return true
	}
	if strings.HasPrefix(value, mask) {
		return true
	}
	for _, none := range [...]string{"nil", "null", "none", "true", "false", "undefined"} {
		if len(value) == len(none) && strings.EqualFold(value, none) {
			return true
		}
	}
	switch value[0] {
	case '*':
		return strings.Trim(value, "*") == ""
	case '$':
		return len(value) > 1 && (strings.Trim(value[1:], "0123456789") == "" || value[1] == '{' && strings.IndexByte(value, '}') == len(value)-1)
	case ':', '@':
		return isStatementKey(s.key) // a named parameter
	}
	return false
}

// isProse reports whether the word after "password: " or "token: " continues a sentence.
func isProse(value string) bool {
	if len(value) > 12 {
		return false
	}
	for _, word := range [...]string{
		"a", "an", "cannot", "can't", "context", "could", "does", "empty", "EOF", "error", "expected", "expired", "failed", "got",
		"incorrect", "invalid", "is", "it", "key", "malformed", "missing", "must", "no", "not", "only", "please", "required",
		"signature", "the", "this", "too", "unable", "unexpected", "unknown", "use", "wrong",
	} {
		if strings.EqualFold(value, word) {
			return true
		}
	}
	return false
}

// element masks what is between <password> and </password>.
func (s *scan) element(i int) span {
	start := i
	for start > s.done && i-start < maxKeyLength && (isNameByte(s.value[start-1]) || s.value[start-1] == ':') {
		start--
	}
	if s.byteAt(start-1) != '<' || start == i || !s.secret(s.names, s.value[start:i]) {
		return span{}
	}
	end := i + 1 + strings.IndexByte(s.value[i+1:], '<')
	if end <= i+1 || s.byteAt(end+1) != '/' {
		return span{}
	}
	return masked(i+1, end)
}
