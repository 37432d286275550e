package secretsprocessor

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func rulesOf(level Level) *rules {
	return newRules(&Config{Level: level, Keys: defaultKeys()})
}

// A secret of a standard form is masked in any context, and cleaning twice changes nothing more.
func FuzzClean(f *testing.F) {
	standard, strict := rulesOf(Standard), rulesOf(Strict)
	planted := []struct{ whole, secret string }{
		{" Bearer 0a1b2c3d4e5f6a7b8c9d ", "0a1b2c3d4e5f6a7b8c9d"},
		{" eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N ", "eyJzdWIiOiIxMjM0NTY3ODkwIn0"},
		{" AKIAIOSFODNN7EXAMPLE ", "AKIAIOSFODNN7EXAMPLE"},
		{" ghp_16C7e42F292c6912E7710c838347Ae178B4a ", "16C7e42F292c6912E7710c838347Ae178B4a"},
		{" https://alice:9hunter2@shop.example/ ", "9hunter2"},
		{" /x?access_token=9hunter2&a=b ", "9hunter2"},
		{" -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\n ", "MIIEvQIBADANBg"},
	}
	for _, s := range []string{"", "-p", "'", `\"`, "password=", "{'a': [", "://", "@tcp(", "?a=", "&amp;", "%70", "<token>", "AUTH x", "eyJeyJ."} {
		f.Add("url.full", s, s)
		f.Add("db.query.text", s, "x'"+s)
		f.Add("process.command_line", "mysql "+s, s)
	}
	f.Fuzz(func(t *testing.T, key, before, after string) {
		for _, level := range []*rules{standard, strict} {
			for _, p := range planted {
				if strings.Contains(before+after, p.secret) {
					continue
				}
				text := before + p.whole + after
				cleaned, n := level.clean(key, text)
				if strings.Contains(cleaned, p.secret) {
					t.Errorf("%q of %q is left in %q", p.secret, text, cleaned)
				}
				if again, m := level.clean(key, cleaned); m > 0 || again != cleaned {
					t.Errorf("%q becomes %q, and then %q (%d, %d)", text, cleaned, again, n, m)
				}
			}
		}
	})
}

// A secret's name matches behind any other text.
func FuzzNames(f *testing.F) {
	names := newWords(defaultKeys())
	for _, s := range []string{"", "_", "x_", "password", "Password1", "a.b.token", "…", "7", "[]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		names.match(name)
		for _, end := range []string{"password", ".token", "-Api-Key", "_AUTHORIZATION", "/cookie"} {
			if !names.match(name + end) {
				t.Errorf("%q does not match", name+end)
			}
		}
	})
}

// TestCleaningIsIdempotent combines pieces that the rules look for at random, with a fixed seed. Nothing panics, no token
// is left, and a second pass finds nothing.
func TestCleaningIsIdempotent(t *testing.T) {
	const rounds = 20_000
	pieces := []string{
		`"`, `'`, `\"`, `\\"`, `\`, "`", "=", ":", "=>", " ", ",", ";", "&", "?", "#", "@", "/", "//", "://", "\n", "(", ")", "[", "]", "{", "}", "<", ">", "</",
		" --token ", " -p", " -u ", " -a ", "login ", "mysql ", "curl ", "redis-cli ", "a", "b1", "7", "REDACTED", "null", "$1", "?", "***", "is",
		"password", "token", "x_api_key", "Cookie", "authorization", "pwd", "identified by", "auth ", "SET", "VALUES", "user", "AccountKey", "sig",
		"Bearer ", "Basic ", "YWxpY2U6aHVudGVyMg==", "0a1b2c3d4e5f6a7b8c9d", "hunter2", "https", "ssh", " a:b1@tcp(", "%70", "%", "&amp;", `\u0026`, "ü", "\x00",
		"-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9", ".", "eyJzdWIiOiIxIn0", "AKIAIOSFODNN7EXAMPLE",
		" ghp_16C7e42F292c6912E7710c838347Ae178B4a ", " abc8Q~",
	}
	keys := []string{"", "url.query", "db.query.text", "process.command_line", "note"}
	standard, strict := rulesOf(Standard), rulesOf(Strict)
	random := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		var text strings.Builder
		for range 1 + random.IntN(14) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		key := keys[random.IntN(len(keys))]
		for name, level := range map[string]*rules{"standard": standard, "strict": strict} {
			once, _ := level.clean(key, text.String())
			if twice, n := level.clean(key, once); twice != once || n > 0 {
				t.Fatalf("%s, %q: %q becomes %q, and then %q", name, key, text.String(), once, twice)
			}
			if strings.Contains(once, "AKIAIOSFODNN7EXAMPLE") || strings.Contains(once, "16C7e42F292c6912E7710c838347Ae178B4a") {
				t.Fatalf("%s, %q: %q becomes %q", name, key, text.String(), once)
			}
		}
	}
}
