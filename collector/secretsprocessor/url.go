package secretsprocessor

import "strings"

// maxUserInfo limits, in bytes, the text before an @ that counts as user and password even though it contains bytes
// that should have been escaped.
const maxUserInfo = 256

// afterEquals examines the name before an equals sign.
func (s *scan) afterEquals(i int) span {
	start := i
	for start > 0 && isParameterByte(s.value[start-1]) {
		start--
	}
	name, before := s.value[start:i], s.byteAt(start-1)
	if name == "" && !s.strict {
		return span{}
	}
	switch {
	case before == '\\' && strings.HasPrefix(name, "u0026"): // & in JSON
		name = name[len("u0026"):]
	case before == '?', before == '&', before == '#',
		before == ';' && strings.HasSuffix(s.value[:start], "&amp;"), // & in HTML
		before == 0 && start == 0 && isQueryKey(s.key):
	default:
		if found := s.accountKey(name, i); found.end > 0 || !s.strict {
			return found
		}
		return s.pair(i)
	}
	if s.secret(s.query, unescape(name)) {
		return masked(i+1, s.until(i+1, endsParameter))
	}
	return span{}
}

func isParameterByte(c byte) bool {
	switch c {
	case '?', '&', '#', '=', ';', '/', '\\', ',', '<', '>', '(', ')', '{', '}':
		return false
	}
	return !isSpace(c) && !isQuote(c)
}

func endsParameter(c byte) bool {
	switch c {
	case '&', '#', '<', '>', '\\':
		return true
	}
	return isSpace(c) || isQuote(c)
}

// isQueryKey reports whether the attribute is a query without its question mark, such as url.query.
func isQueryKey(key string) bool {
	return endsWithFold(key, "query") || endsWithFold(key, "query_string")
}

// unescape decodes percent-encoded bytes of a parameter's name.
func unescape(name string) string {
	if strings.IndexByte(name, '%') < 0 || len(name) > maxKeyLength {
		return name
	}
	decoded := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '%' && i+2 < len(name) {
			if high, low := unhex(name[i+1]), unhex(name[i+2]); high < 16 && low < 16 {
				decoded = append(decoded, high<<4|low)
				i += 2
				continue
			}
		}
		decoded = append(decoded, name[i])
	}
	return string(decoded)
}

func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		return fold(c) - 'a' + 10
	}
	return 16
}

// accountKey finds keys in connection strings of Azure: 32 or 64 bytes in base64.
func (s *scan) accountKey(name string, i int) span {
	if len(name) < len("AccountKey") || !strings.HasSuffix(name, "Key") {
		return span{}
	}
	if !strings.EqualFold(name, "AccountKey") && !strings.EqualFold(name, "SharedAccessKey") {
		return span{}
	}
	end := s.run(i+1, isBase64)
	if end-i-1 < 40 {
		return span{}
	}
	return masked(i+1, end)
}

// userInfo masks the user and password of a URL at its first slash. A user alone may be a token; it is masked, too.
func (s *scan) userInfo(i int) span {
	if s.byteAt(i+1) != '/' || !isAlnum(s.byteAt(i-2)) {
		return span{}
	}
	start := i + len("//")
	if s.nextAt(start) == len(s.value) {
		return span{}
	}
	end, last := start, -1
	for ; end < len(s.value) && !endsAuthority(s.value[end]); end++ {
		if s.value[end] == '@' {
			last = end
		}
	}
	if last < 0 {
		last = s.unescapedUserInfo(start, end)
	}
	if last <= start {
		return span{}
	}
	if strings.IndexByte(s.value[start:last], ':') >= 0 {
		// As the semantic conventions require for url.full.
		return span{start: start, end: last, by: mask + ":" + mask}
	}
	if isLogin(s.value[:i-1]) {
		return span{}
	}
	return masked(start, last)
}

// nextAt returns the position of the first @ from i on, or the length. It reads no byte twice.
func (s *scan) nextAt(i int) int {
	if s.at < i {
		s.at = len(s.value)
		if n := strings.IndexByte(s.value[i:], '@'); n >= 0 {
			s.at = i + n
		}
	}
	return s.at
}

func endsAuthority(c byte) bool {
	switch c {
	case '/', '?', '#', '<', '>', '\\':
		return true
	}
	return isSpace(c) || isQuote(c)
}

// unescapedUserInfo returns the end of a password with a slash, a question mark or a number sign in it: what
// comes before cannot be a port.
func (s *scan) unescapedUserInfo(start, end int) int {
	user, rest, found := strings.Cut(s.value[start:end], ":")
	if !found || user == "" && rest == "" || user != "" && user[0] == '[' || strings.Trim(rest, "0123456789") == "" {
		return -1
	}
	at := s.nextAt(end)
	if at == len(s.value) || at-start > maxUserInfo {
		return -1
	}
	between := s.value[end:at]
	if strings.ContainsAny(between, " \t\r\n\"'<>`") || strings.Contains(between, "://") {
		return -1
	}
	return at
}

// isLogin reports whether a user without a password is only a login, as in ssh://git@host.
func isLogin(before string) bool {
	return strings.HasSuffix(before, "ssh") || strings.HasSuffix(before, "sftp")
}

// dsn masks the password before an @ in a data source name of Go's MySQL driver: user:password@tcp(host)/database.
func (s *scan) dsn(i int) span {
	rest := s.value[i+1:]
	if !strings.HasPrefix(rest, "tcp(") && !strings.HasPrefix(rest, "unix(") && !strings.HasPrefix(rest, "tcp6(") {
		return span{}
	}
	start, password := i, -1
	for start > s.done && i-start < maxUserInfo && !endsAuthority(s.value[start-1]) && s.value[start-1] != '(' {
		start--
		if s.value[start] == ':' {
			password = start + 1
		}
	}
	if password < 0 || password == i {
		return span{}
	}
	return masked(password, i)
}
