package secretsprocessor

import (
	"encoding/base64"
	"strings"
)

// shape is a token with a fixed prefix, as its issuer documents it.
type shape struct {
	prefix string
	least  int             // bytes after the prefix
	of     func(byte) bool // whether one of these bytes is valid
	word   bool            // has to start a word: the prefix is also the end of ordinary words (risk-, shelf_)
}

func shapes() []shape {
	return []shape{
		{prefix: "ghp_", least: 20, of: isAlnum}, {prefix: "gho_", least: 20, of: isAlnum}, // GitHub
		{prefix: "ghu_", least: 20, of: isAlnum}, {prefix: "ghs_", least: 20, of: isAlnum},
		{prefix: "ghr_", least: 20, of: isAlnum}, {prefix: "github_pat_", least: 20, of: isTokenByte},
		{prefix: "glpat-", least: 16, of: isTokenByte}, {prefix: "gldt-", least: 16, of: isTokenByte}, // GitLab
		{prefix: "glrt-", least: 16, of: isTokenByte},
		{prefix: "xoxb-", least: 10, of: isTokenByte}, {prefix: "xoxp-", least: 10, of: isTokenByte}, // Slack
		{prefix: "xoxa-", least: 10, of: isTokenByte}, {prefix: "xoxr-", least: 10, of: isTokenByte},
		{prefix: "xoxs-", least: 10, of: isTokenByte}, {prefix: "xoxe-", least: 10, of: isTokenByte},
		{prefix: "xapp-", least: 10, of: isTokenByte},
		{prefix: "sk_live_", least: 16, of: isAlnum}, {prefix: "sk_test_", least: 16, of: isAlnum}, // Stripe
		{prefix: "rk_live_", least: 16, of: isAlnum}, {prefix: "rk_test_", least: 16, of: isAlnum},
		{prefix: "whsec_", least: 16, of: isBase64},
		{prefix: "sk-", least: 20, of: isTokenByte, word: true},                                           // OpenAI, Anthropic
		{prefix: "GOCSPX-", least: 20, of: isTokenByte}, {prefix: "ya29.", least: 20, of: isTokenByteDot}, // Google
		{prefix: "hvs.", least: 20, of: isTokenByte}, {prefix: "hvb.", least: 20, of: isTokenByte}, // Vault
		{prefix: "SG.", least: 40, of: isTokenByteDot, word: true}, // SendGrid
		{prefix: "npm_", least: 36, of: isAlnum, word: true}, {prefix: "hf_", least: 30, of: isAlnum, word: true},
		{prefix: "pypi-AgE", least: 40, of: isTokenByte}, {prefix: "dckr_pat_", least: 20, of: isTokenByte},
		{prefix: "shpat_", least: 32, of: isAlnum}, {prefix: "shpss_", least: 32, of: isAlnum}, // Shopify
		{prefix: "dop_v1_", least: 60, of: isAlnum}, {prefix: "glsa_", least: 32, of: isTokenByte}, // DigitalOcean, Grafana
		{prefix: "glc_", least: 32, of: isBase64, word: true}, {prefix: "NRAK-", least: 24, of: isAlnum}, // New Relic
		{prefix: "PMAK-", least: 32, of: isTokenByte}, {prefix: "AGE-SECRET-KEY-1", least: 50, of: isAlnum},
	}
}

// shapesByByte indexes each shape by the byte before its first joint: ghp_ by p.
func shapesByByte() *[256][]shape {
	table := &[256][]shape{}
	for _, sh := range shapes() {
		before := sh.prefix[strings.IndexAny(sh.prefix, "_-.")-1]
		table[before] = append(table[before], sh)
	}
	return table
}

// joined examines a joint: _ - . or ~.
func (s *scan) joined(i int) span {
	switch s.value[i] {
	case '~':
		return s.entraSecret(i)
	case '-':
		if strings.HasPrefix(s.value[i:], pemBegin) {
			return s.pem(i)
		}
		if s.strict {
			if found := s.flag(i); found.end > 0 {
				return found
			}
		}
	}
	if i == 0 {
		return span{}
	}
	for _, sh := range s.shapes[s.value[i-1]] {
		start := i - strings.IndexByte(sh.prefix, s.value[i])
		if start <= i && start >= s.done && strings.HasPrefix(s.value[start:], sh.prefix) {
			if found := s.shaped(start, sh); found.end > 0 {
				return found
			}
		}
	}
	return span{}
}

func (s *scan) shaped(start int, sh shape) span {
	if sh.word && isAlnum(s.byteAt(start-1)) {
		return span{}
	}
	begin := start + len(sh.prefix)
	end := s.run(begin, sh.of)
	if end-begin < sh.least {
		return span{}
	}
	return masked(start, end)
}

// run returns the end of the run of bytes from i that satisfy is.
func (s *scan) run(i int, is func(byte) bool) int {
	for i < len(s.value) && is(s.value[i]) {
		i++
	}
	return i
}

// entraSecret finds a client secret of Microsoft Entra: three letters or digits, a digit, Q~, 31 to 34 others.
func (s *scan) entraSecret(i int) span {
	start := i - 5
	if start < s.done || s.value[i-1] != 'Q' || !isDigit(s.value[i-2]) {
		return span{}
	}
	end := s.run(i+1, func(c byte) bool { return isTokenByteDot(c) || c == '~' })
	if end-i-1 < 31 {
		return span{}
	}
	return masked(start, end)
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
)

// pem masks a private key from its first to its last line, or to the end of a string that was cut off.
func (s *scan) pem(i int) span {
	label := s.value[i+len(pemBegin):]
	label = label[:min(len(label), 40)]
	dashes := strings.Index(label, "-----")
	if dashes < 0 || !strings.Contains(label[:dashes], "PRIVATE KEY") {
		return span{}
	}
	begin := i + len(pemBegin) + dashes + 5
	end := strings.Index(s.value[begin:], pemEnd)
	if end < 0 {
		return masked(i, len(s.value))
	}
	end += begin + len(pemEnd)
	last := strings.Index(s.value[end:min(len(s.value), end+45)], "-----")
	if last < 0 {
		return masked(i, end)
	}
	return masked(i, end+last+5)
}

// capital examines the J of a JSON web token and the I of keys of Amazon (AKIA, ASIA) and Google (AIza).
func (s *scan) capital(i int) span {
	if s.value[i] == 'J' {
		return s.jwt(i)
	}
	if start := i - 2; start >= s.done && i+2 <= len(s.value) {
		switch s.value[start : i+2] {
		case "AKIA", "ASIA":
			if end := s.runOf(i+2, 16, func(c byte) bool { return isUpper(c) || isDigit(c) }); end > 0 {
				return masked(start, end)
			}
		}
	}
	if start := i - 1; start >= s.done && strings.HasPrefix(s.value[start:], "AIza") {
		if end := s.runOf(i+3, 35, isTokenByte); end > 0 {
			return masked(start, end)
		}
	}
	return span{}
}

// runOf returns the end of n bytes from i that satisfy is, or 0.
func (s *scan) runOf(i, n int, is func(byte) bool) int {
	if i+n > len(s.value) {
		return 0
	}
	for j := range n {
		if !is(s.value[i+j]) {
			return 0
		}
	}
	return i + n
}

// jwt finds a JSON web token, signed (RFC 7515) or encrypted (RFC 7516): base64url of a JSON object, then two or
// four more parts behind dots. A token without a signature counts if its second part is an object as well.
func (s *scan) jwt(i int) span {
	start := i - 2
	if start < max(s.done, s.noJWT) || s.value[start:i] != "ey" {
		return span{}
	}
	header := s.run(i, isTokenByte)
	payload := s.run(header+1, isTokenByte)
	if header-i < 8 || s.byteAt(header) != '.' {
		// No token begins within these bytes either.
		s.noJWT = header
		return span{}
	}
	if s.byteAt(payload) != '.' {
		if strings.HasPrefix(s.value[header+1:], "eyJ") {
			return masked(start, payload)
		}
		s.noJWT = payload
		return span{}
	}
	end := payload
	for part := 0; part < 3 && s.byteAt(end) == '.'; part++ {
		end = s.run(end+1, isTokenByte)
	}
	return masked(start, end)
}

// scheme masks credentials after Bearer and Basic, in a header's value or in text.
func (s *scan) scheme(i int) span {
	bearer := s.wordBefore(i, "bearer")
	if !bearer && !s.wordBefore(i, "basic") {
		return span{}
	}
	start := s.run(i, func(c byte) bool { return c == ' ' })
	end := s.run(start, isToken68)
	padded := s.run(end, func(c byte) bool { return c == '=' })
	if next := s.byteAt(padded); padded > end && (next == '"' || isAlnum(next)) {
		return span{} // a parameter: Bearer realm="shop"
	}
	end = s.run(padded, func(c byte) bool { return isToken68(c) || c == '=' })
	for end > start && s.value[end-1] == '.' {
		end-- // the end of a sentence
	}
	token := s.value[start:end]
	if bearer && looksLikeToken(token) || !bearer && isBasic(token) {
		return masked(start, end)
	}
	return span{}
}

// wordBefore reports whether the word, in any case, ends before i.
func (s *scan) wordBefore(i int, word string) bool {
	start := i - len(word)
	if start < s.done || fold(s.value[i-1]) != word[len(word)-1] {
		return false
	}
	return strings.EqualFold(s.value[start:i], word) && !isLetter(s.byteAt(start-1))
}

// looksLikeToken distinguishes a token from a word of a sentence, as in "Bearer authentication failed".
func looksLikeToken(token string) bool {
	if len(token) < 6 || strings.Contains(token, mask) {
		return false
	}
	if len(token) >= 20 {
		return true
	}
	for i := range len(token) {
		if c := token[i]; isDigit(c) || c == '_' || c == '=' || i > 0 && isUpper(c) && isLower(token[i-1]) {
			return true
		}
	}
	return false
}

// isBasic reports whether a token is the base64 encoding of user:password (RFC 7617).
func isBasic(token string) bool {
	const longest = 4096
	if len(token) < 4 || len(token) > longest {
		return len(token) > longest
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(token, "="))
	return err == nil && strings.IndexByte(string(decoded), ':') >= 0 && isPrintable(decoded)
}

func isPrintable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func isTokenByte(c byte) bool    { return isAlnum(c) || c == '-' || c == '_' }
func isTokenByteDot(c byte) bool { return isTokenByte(c) || c == '.' }
func isBase64(c byte) bool       { return isAlnum(c) || c == '+' || c == '/' || c == '=' }

// isToken68 is the alphabet of tokens in RFC 6750 and RFC 7235, without the padding.
func isToken68(c byte) bool { return isTokenByteDot(c) || c == '+' || c == '/' || c == '~' }
