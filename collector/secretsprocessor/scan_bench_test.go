package secretsprocessor

import (
	"strings"
	"testing"
)

// BenchmarkHostileText measures a megabyte of the most expensive text: pieces that start something and never end it. If
// rules read bytes more than a few times, a line would be thousands of times as slow as "plain".
func BenchmarkHostileText(b *testing.B) {
	for _, piece := range []string{
		"plain ", "eyJ", "://", "a://x:y/", "password=", "password:", "'", `\"`, "-", " -token", "--token ", "<token>", "password=[",
		`"password":["`, `"password":{"`, "Cookie:", "bearer ", "basic AAAA ", "AccountKey=", "1Q~", "-----BEGIN ", "?a=", "%70=",
		"@tcp(", "x@tcp(", "a:b@", "hf_", "xoxb-", "AKIA", "mysql ", "docker ", "password='",
	} {
		value := strings.Repeat(piece, (1<<20)/len(piece)) + "@"
		for _, key := range []string{"note", "db.query.text", "process.command_line"} {
			r := rulesOf(Strict)
			b.Run(piece+"/"+key, func(b *testing.B) {
				b.SetBytes(int64(len(value)))
				for b.Loop() {
					r.clean(key, value)
				}
			})
		}
	}
}
