package certs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"time"
)

// API servers call /SECRET/PATH, and all other paths are refused, so a pod that reaches the port cannot send
// forged requests. SECRET is in the configurations next to caBundle, and only administrators can read those.
//
//	a webhook in the configuration      path written to it               paths served
//	has no path                         the secret path                  the secret path
//	has a secret path                   the newest, once all replicas    the newest, and that of the configuration
//	                                    should know it                   until long after it is replaced
//	has another path, or a URL          none                             that path: another program manages it
//
// If no configuration is found, or they cannot be read, every path is served: a webhook that API servers cannot
// call is worse than one that other clients can.

// secretLength is the length of SECRET: 128 bits in hexadecimal.
const secretLength = 32

// secretOf derives the secret from the serving key: all replicas get the same one, and it is renewed with the
// certificate.
func secretOf(pair *keypair) string {
	mac := hmac.New(sha256.New, pair.keyPEM)
	mac.Write([]byte("telepod: path of the webhook"))
	return hex.EncodeToString(mac.Sum(nil))[:secretLength]
}

// splitSecret splits a path into the secret, or "", and the rest.
func splitSecret(path string) (secret, rest string) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if len(first) != secretLength || strings.Trim(first, "0123456789abcdef") != "" {
		return "", path
	}
	return first, "/" + rest
}

// callPaths are the served paths. The value is immutable, and replaced as a whole.
type callPaths struct {
	secrets map[string]time.Time // each with the time until which it is served
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

// nextPaths returns the paths for the configurations. A secret that was removed from them is still served for the
// propagation delay, because API servers receive the change at different times.
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
// webhook without one. A new secret replaces another one once every replica has had time to read it.
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
		return path, true // before the first reconciliation, which also provides the first certificate
	}
	return paths.accept(path)
}
