package secretsprocessor

import "strings"

// prepare examines the kind of string: in statements, literals after a secret's name are masked; in command lines, the
// program determines the meaning of short flags.
func (s *scan) prepare() {
	switch {
	case s.key == "":
	case isStatementKey(s.key):
		if len(s.value) > 5 && strings.EqualFold(s.value[:5], "auth ") {
			s.replace(masked(5, len(s.value))) // Redis
			return
		}
		s.literals = s.firstSecretName()
	case isCommandKey(s.key):
		s.program = programIn(s.value)
	}
}

func isStatementKey(key string) bool {
	return endsWithFold(key, "statement") || endsWithFold(key, "query.text") || endsWithFold(key, "sql") || endsWithFold(key, "db.query")
}

// firstSecretName returns the end of the first secret's name outside of literals, or the length.
func (s *scan) firstSecretName() int {
	for i := 0; i < len(s.value); {
		switch c := s.value[i]; {
		case c == '\'':
			i = s.closingQuote(i+1, "'") + 1
		case isAlnum(c) || c == '_':
			end := s.run(i, isTokenByteDot)
			if name := s.value[i:end]; strings.EqualFold(name, "identified") || s.secret(s.names, name) {
				return end
			}
			i = end
		default:
			i++
		}
	}
	return len(s.value)
}

// literal masks a literal that follows a secret's name in a statement.
func (s *scan) literal(i int) span {
	if i < s.literals {
		return span{}
	}
	return s.throughQuote(i+1, "'")
}
