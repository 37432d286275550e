package secretsprocessor

// mask replaces a secret inside a string.
const mask = "REDACTED"

// rules is the compiled configuration for names and strings. It is immutable and shared by all requests.
type rules struct {
	names    *words // of attributes, and of what comes before a value inside a string
	query    *words // of parameters in URLs
	keep     *words
	strict   bool
	triggers [256]trigger
	after    [triggers][256]bool // which bytes may come before a trigger; 0 is the beginning
	shapes   *[256][]shape
}

func newRules(cfg *Config) *rules {
	r := &rules{
		names:  newWords(cfg.Keys, cfg.MoreKeys),
		query:  newWords(cfg.Keys, cfg.MoreKeys, queryKeys()),
		keep:   newWords(cfg.KeepKeys, harmlessKeys()),
		strict: cfg.Level == Strict,
		shapes: shapesByByte(),
	}
	for c, t := range map[byte]trigger{
		'=': equals, '/': slash, ' ': space, '-': dash, '_': joint, '.': joint, '~': joint, 'J': capital, 'I': capital, '@': at,
	} {
		r.triggers[c] = t
	}
	if r.strict {
		r.triggers[':'], r.triggers['>'], r.triggers['\''] = colon, closing, quote
	}
	r.fillAfter()
	return r
}

// fillAfter sets the preceding bytes after which a trigger is examined. Most dots, dashes and spaces are not.
func (r *rules) fillAfter() {
	for before := range 256 {
		c := byte(before)
		for _, t := range [...]trigger{colon, at, closing, quote} {
			r.after[t][c] = true
		}
		r.after[equals][c] = r.strict || isTokenByteDot(c) || c == ']'
		r.after[slash][c] = c == ':'
		r.after[space][c] = fold(c) == 'r' || fold(c) == 'c' // bearer, basic
		r.after[joint][c] = len(r.shapes[c]) > 0 || c == 'Q'
		r.after[dash][c] = len(r.shapes[c]) > 0 || r.strict && (c == 0 || beforeFlag(c))
		r.after[capital][c] = c == 'y' || c == 'K' || c == 'S' || c == 'A' // eyJ, AKIA, ASIA, AIza
	}
}

// queryKeys are secrets as parameters of URLs, but usually something else as attributes: signatures of Azure's
// shared access, of S3 and of Cloud Storage.
func queryKeys() []string { return []string{"sig", "signature", "auth", "pass"} }

// trigger is a kind of byte at which a secret can be recognised. All others cost one table lookup.
type trigger byte

const (
	nothing trigger = iota
	equals          // parameter=value
	slash           // scheme://user:password@host
	colon           // name: value
	space           // Bearer token
	joint           // ghp_token, hvs.token
	dash            // glpat-token, -----BEGIN, --password
	capital         // eyJ…, AKIA…, AIza…
	at              // user:password@tcp(host)
	closing         // <password>value
	quote           // literals of statements
	triggers
)

// span is the part of a string that is replaced, and by what. The zero span means that nothing was found.
type span struct {
	start, end int
	by         string
}

func masked(start, end int) span { return span{start: start, end: end, by: mask} }

// scan applies the rules to one string. The string is read once, from left to right. A rule looks back no further than to
// the end of the last finding, and the bytes that it reads ahead are either masked or not read ahead again, so the cost is
// linear in the length of the string.
type scan struct {
	*rules
	key   string // of the attribute; empty in names, messages and bodies
	value string
	out   []byte
	done  int // value[:done] is in out
	count int

	noJWT    int     // no token begins before this
	at       int     // position of the first @ from here on; len(value) if there is none
	literals int     // strict: literals of a statement are masked from here on
	program  program // strict: of a command line
}

// clean returns the value with its secrets masked, and their number. Without secrets it is the same string.
func (r *rules) clean(key, value string) (string, int) {
	if r.strict && (isStatementKey(key) || isCommandKey(key)) {
		return r.cleanFrom(key, value, 0)
	}
	if i := r.next(value, 0); i < len(value) {
		return r.cleanFrom(key, value, i)
	}
	return value, 0
}

// next returns the first position from i on that has to be examined, or the length. All text passes through this loop.
func (r *rules) next(value string, i int) int {
	for ; i < len(value); i++ {
		t := r.triggers[value[i]]
		if t == nothing {
			continue
		}
		before := byte(0)
		if i > 0 {
			before = value[i-1]
		}
		if r.after[t][before] || t == dash && i+1 < len(value) && value[i+1] == '-' {
			return i
		}
	}
	return i
}

func (r *rules) cleanFrom(key, value string, i int) (string, int) {
	s := scan{rules: r, key: key, value: value, at: -1, literals: len(value)}
	if r.strict {
		s.prepare()
		i = max(i, s.done)
	}
	for i = r.next(value, i); i < len(value); i = r.next(value, i) {
		found := s.look(r.triggers[value[i]], i)
		s.replace(found)
		i = max(i+1, found.end)
	}
	if s.count == 0 {
		return value, 0
	}
	return string(append(s.out, value[s.done:]...)), s.count
}

func (s *scan) look(t trigger, i int) span {
	switch t {
	case equals:
		return s.afterEquals(i)
	case slash:
		return s.userInfo(i)
	case colon:
		return s.pair(i)
	case space:
		return s.scheme(i)
	case joint, dash:
		return s.joined(i)
	case capital:
		return s.capital(i)
	case at:
		return s.dsn(i)
	case closing:
		return s.element(i)
	case quote:
		return s.literal(i)
	}
	return span{}
}

// replace copies the text before the span, and the mask. A span that is masked already does not count.
func (s *scan) replace(f span) {
	start := max(f.start, s.done)
	if start >= f.end || s.value[start:f.end] == f.by {
		return
	}
	s.out = append(append(s.out, s.value[s.done:start]...), f.by...)
	s.done = f.end
	s.count++
}

func isLetter(c byte) bool { return isUpper(c) || isLower(c) }
func isAlnum(c byte) bool  { return isLetter(c) || isDigit(c) }
func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isQuote(c byte) bool  { return c == '"' || c == '\'' || c == '`' }

// byteAt is 0 outside of the string.
func (s *scan) byteAt(i int) byte {
	if i < 0 || i >= len(s.value) {
		return 0
	}
	return s.value[i]
}

// until returns the first position from i on at which stop is true, or the length.
func (s *scan) until(i int, stop func(byte) bool) int {
	for i < len(s.value) && !stop(s.value[i]) {
		i++
	}
	return i
}
