package secretsprocessor

import "strings"

// flag masks what follows --password and -token in a command line. A value after an equals sign is handled by pair.
func (s *scan) flag(i int) span {
	if i > s.done && !beforeFlag(s.value[i-1]) {
		return span{}
	}
	begin := s.run(i, func(c byte) bool { return c == '-' })
	end := s.run(begin, isTokenByteDot)
	name := s.value[begin:end]
	if begin-i > 2 || name == "" || s.byteAt(end) == '=' {
		return span{}
	}
	if begin-i == 1 || name == "user" {
		if found := s.shortFlag(begin, end); found.end > 0 {
			return found
		}
	}
	if !s.secret(s.names, name) {
		return span{}
	}
	if _, found := s.clean("", name); found > 0 {
		return span{} // a token, not the name of a flag: mask the token instead
	}
	return s.argument(end)
}

func beforeFlag(c byte) bool { return isSpace(c) || isQuote(c) || c == '[' || c == ',' || c == '(' }

// argument masks the next word of a command line, with its quotes or not.
func (s *scan) argument(end int) span {
	start := s.run(end, func(c byte) bool { return isSpace(c) || c == ',' || c == '"' || c == '\'' })
	if start == end || start == len(s.value) || s.value[start] == '-' {
		return span{}
	}
	if before := s.value[start-1]; isQuote(before) {
		return s.throughQuote(start, string(before))
	}
	return masked(start, s.until(start, func(c byte) bool { return isSpace(c) || isQuote(c) }))
}

// program is a command with a short flag for a password.
type program struct {
	flag     string
	attached bool // -pPASSWORD
	next     bool // -p PASSWORD
	login    bool // only in a command line with the word login
	user     bool // USER:PASSWORD
}

func programOf(name string) (program, bool) {
	switch name[strings.LastIndexByte(name, '/')+1:] {
	case "mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mysqlsh", "mariadb", "mariadb-dump", "mariadb-admin":
		return program{flag: "p", attached: true}, true
	case "sshpass":
		return program{flag: "p", attached: true, next: true}, true
	case "redis-cli", "valkey-cli":
		return program{flag: "a", next: true}, true
	case "mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport":
		return program{flag: "p", attached: true, next: true}, true
	case "docker", "podman", "nerdctl", "skopeo", "helm", "oras", "az", "oc":
		return program{flag: "p", next: true, login: true}, true
	case "curl":
		return program{flag: "u", attached: true, next: true, user: true}, true
	}
	return program{}, false
}

// isCommandKey reports whether the attribute is a command line or a part of one.
func isCommandKey(key string) bool {
	return endsWithFold(key, "command_line") || endsWithFold(key, "command_args") || endsWithFold(key, "command")
}

// programIn finds the program among the first words of a command line; sudo, env and shells come before it.
func programIn(line string) program {
	const words = 16
	for range words {
		line = strings.TrimLeft(line, " \t\n\"'")
		end := strings.IndexAny(line, " \t\n\"'")
		if end < 0 {
			end = len(line)
		}
		if p, known := programOf(line[:end]); known && (!p.login || strings.Contains(line, " login ")) {
			return p
		}
		if line = line[end:]; line == "" {
			break
		}
	}
	return program{}
}

// shortFlag masks the argument of a flag whose meaning depends on the program.
func (s *scan) shortFlag(begin, end int) span {
	p := s.program
	name := s.value[begin:end]
	if p.user && name == "user" {
		name = p.flag
	}
	switch after := s.byteAt(end); {
	case p.flag == "" || !strings.HasPrefix(name, p.flag):
		return span{}
	case len(name) > 1 || after != 0 && !isSpace(after) && !isQuote(after):
		if p.attached {
			return p.trim(s, masked(begin+1, s.until(begin+1, isSpace)))
		}
	case isQuote(after) && p.attached, isSpace(after) && p.next:
		return p.trim(s, s.argument(end))
	}
	return span{}
}

// trim keeps the user of USER:PASSWORD.
func (p program) trim(s *scan, found span) span {
	if !p.user || found.end == 0 {
		return found
	}
	password := strings.IndexByte(s.value[found.start:found.end], ':')
	if password < 0 || found.start+password+1 == found.end {
		return span{}
	}
	found.start += password + 1
	return found
}
