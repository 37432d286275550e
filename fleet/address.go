package fleet

import (
	"regexp"
	"strings"
)

// hiddenAddress replaces an address whose parts are not certain.
const hiddenAddress = "(not shown: it may have a password)"

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Address makes an address safe to print, even if it is not a valid URL: it removes user and password, query and fragment,
// and control characters.
func Address(text string) string {
	start := scheme.FindString(text)
	authority, path := strings.TrimPrefix(text, start), ""
	if end := strings.IndexAny(authority, "/?#\\"); end >= 0 {
		authority, path = authority[:end], authority[end:]
	}
	if strings.Contains(path, "@") { // a password may have a / or ? in it
		return hiddenAddress
	}
	authority = authority[strings.LastIndex(authority, "@")+1:]
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	return Printable(start + authority + path)
}
