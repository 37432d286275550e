package certs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"time"
)

// API servers call /SECRET/PATH, and everything else is refused, so that a pod that reaches the port cannot
// send forged requests: the configurations, which only administrators read, contain SECRET beside caBundle.
//
//	a webhook in the configuration      what is written to it            what is served
//	names no path                       the secret path                  the secret path
//	has a secret path                   the newest, once replicas can    the newest, and that of the configuration
//	                                    be expected to know it           until long after it is replaced
//	has another path, or a URL          nothing                          that path: another program writes it
//
// Where no configuration was found or they cannot be read, every path is served: a webhook that API servers
// cannot call is worse than one that others can.

// secretLength is the length of SECRET: 128 bits in hexadecimal.
const secretLength = 32

// secretOf is derived from the serving key, so that all replicas agree on it and it is renewed with the
// certificate.
func secretOf(pair *keypair) string {
	mac := hmac.New(sha256.New, pair.keyPEM)
	mac.Write([]byte("telepod: path of the webhook"))
	return hex.EncodeToString(mac.Sum(nil))[:secretLength]
}

// splitSecret parts a path into the secret, or "", and the rest.
func splitSecret(path string) (secret, rest string) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if len(first) != secretLength || strings.Trim(first, "0123456789abcdef") != "" {
		return "", path
	}
	return first, "/" + rest
}

// callPaths are the served paths. The value is immutable, and replaced as a whole.
type callPaths struct {
	secrets map[string]time.Time // and until when
	plain   map[string]bool
	all     bool
}

// accept returns the path without its secret; false if the path is not served.
func (c *callPaths) accept(path string) (string, bool) {
	secret, rest := splitSecret(path)
	if _, ok := c.secrets[secret]; ok {
		return rest, true
	}
	return path, c.all || c.plain[path]
}

// nextPaths follows the configurations. A secret that was removed from them is still served for the
// propagation delay, because API servers learn of the change at different times.
func nextPaths(before *callPaths, now time.Time, life Lifetimes, current string, seen []configSnapshot, complete bool) *callPaths {
	c := &callPaths{secrets: map[string]time.Time{}, plain: map[string]bool{}}
	if before != nil {
		maps.Copy(c.secrets, before.secrets)
		maps.DeleteFunc(c.secrets, func(_ string, until time.Time) bool { return now.After(until) })
	}
	until := now.Add(life.Propagation + recheck)
	c.secrets[current] = until
	calls := 0
	for _, s := range seen {
		for _, t := range s.trusts {
			calls++
			if secret, _ := splitSecret(t.path); secret != "" {
				c.secrets[secret] = until
			} else if t.path != "" {
				c.plain[t.path] = true
			}
		}
	}
	c.all = !complete || calls == 0
	return c
}

// pathFor returns the new path of a webhook, or false if it stays. base is the path without a secret, "" for a
// webhook that has none. A new secret replaces another one once every replica has had time to read it.
func (t trust) pathFor(base, secret string, settled bool) (string, bool) {
	old, _ := splitSecret(t.path)
	want := "/" + secret + base
	if !t.service || base == "" || t.path == want || t.path != "" && (old == "" || !settled) {
		return "", false
	}
	return want, true
}

// Path returns a request's path without its secret, and whether it is served.
func (s *SelfManaged) Path(path string) (string, bool) {
	paths := s.paths.Load()
	if paths == nil {
		return path, true // before the first look, and so before the first certificate
	}
	return paths.accept(path)
}
