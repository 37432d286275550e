package secretsprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// arguments cleans a list. A list may be a command line split into words: then the word after --password is a secret,
// and the word after -p may be one.
func (p *pass) arguments(key string, list pcommon.Slice) {
	command := program{}
	if isCommandKey(key) {
		command = programInList(list)
	}
	secret, short := false, false // determined by the previous word
	for i := range list.Len() {
		v := list.At(i)
		if v.Type() != pcommon.ValueTypeStr {
			p.value(key, v)
			secret, short = false, false
			continue
		}
		word := v.Str()
		cleaned := word
		switch {
		case secret && !strings.HasPrefix(word, "-"):
			cleaned = mask
		case short:
			cleaned = command.maskWord(word, 0)
		case command.hasAttached(word):
			cleaned = command.maskWord(word, 2)
		}
		if cleaned != word {
			p.counts[p.place].masked++
			v.SetStr(cleaned)
		} else {
			p.value(key, v)
		}
		secret, short = p.isSecretFlag(word), command.isShortFlag(word)
	}
}

func programInList(list pcommon.Slice) program {
	const words = 16
	found := program{}
	for i := range min(list.Len(), words) {
		if v := list.At(i); v.Type() == pcommon.ValueTypeStr {
			if p, known := programOf(v.Str()); known && !p.login {
				return p
			} else if known {
				found = p
			} else if found.login && v.Str() == "login" {
				return found
			}
		}
	}
	return program{}
}

func (p *pass) isSecretFlag(word string) bool {
	name := strings.TrimLeft(word, "-")
	return len(name) < len(word) && !strings.ContainsAny(name, "= :") && p.names.match(name) && !p.keep.match(name)
}

func (p program) hasAttached(word string) bool {
	return p.attached && len(word) > 2 && word[0] == '-' && word[1:2] == p.flag
}

func (p program) isShortFlag(word string) bool {
	return p.next && word == "-"+p.flag || p.user && word == "--user"
}

// maskWord masks an argument from a position on, or the password of USER:PASSWORD.
func (p program) maskWord(word string, from int) string {
	if p.user {
		user, password, found := strings.Cut(word[from:], ":")
		if !found || password == "" {
			return word
		}
		from += len(user) + 1
	}
	return word[:from] + mask
}
