package secretsprocessor

import (
	"strings"
	"testing"
)

func rulesOf(level Level) *rules {
	return newRules(&Config{Level: level, Keys: defaultKeys()})
}

// Whatever surrounds a secret of the standard forms, it is masked; what was cleaned is clean.
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

// Whatever comes before a secret's name and a separator, it matches.
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
