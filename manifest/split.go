package manifest

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// chunk is one document in the stream, with its markers and comments.
type chunk struct {
	text string
	line int // of its first line in the stream, from 1
}

// split splits a stream into documents at the markers "---" and "...", which have no other meaning at the start
// of a line (YAML 1.2, section 9.1). The chunks add up to the stream.
func split(stream string) []chunk {
	var chunks []chunk
	starts := lineStarts(stream)
	begin := 0 // index into starts
	cut := func(end int) {
		if end > begin {
			chunks = append(chunks, chunk{stream[starts[begin]:starts[end]], begin + 1})
		}
		begin = end
	}
	prefix := true // only blank lines, comments and at least one directive so far
	directive := false
	for i := range len(starts) - 1 {
		line := stream[starts[i]:starts[i+1]]
		switch {
		case marker(line, "---"):
			if !(prefix && directive) {
				cut(i)
			}
			prefix, directive = false, false
		case marker(line, "..."):
			cut(i + 1)
			prefix, directive = true, false
		case prefix && strings.HasPrefix(line, "%"):
			directive = true
		case !blank(line) && !comment(line):
			prefix = false
		}
	}
	cut(len(starts) - 1)
	return splitJSON(chunks)
}

// splitJSON splits chunks with several consecutive JSON objects, as kubectl does.
func splitJSON(chunks []chunk) []chunk {
	var list []chunk
	for _, c := range chunks {
		if !strings.HasPrefix(strings.TrimSpace(c.text), "{") {
			list = append(list, c)
			continue
		}
		dec := json.NewDecoder(strings.NewReader(c.text))
		var ends []int
		for dec.More() {
			var object map[string]json.RawMessage
			if dec.Decode(&object) != nil {
				ends = nil // YAML in flow style, or an error that its reader reports
				break
			}
			ends = append(ends, int(dec.InputOffset()))
		}
		begin, line := 0, c.line
		for i, end := range ends {
			if i == len(ends)-1 {
				break
			}
			list = append(list, chunk{c.text[begin:end], line})
			line += len(lineStarts(c.text[begin:end])) - 2
			begin = end
		}
		list = append(list, chunk{c.text[begin:], line})
	}
	return list
}

// lineStarts returns the offsets of the lines, and of the end of the text. Lines end as in YAML 1.1, because
// its parser counts them that way.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch r {
		case '\r':
			if i < len(text) && text[i] == '\n' {
				continue
			}
			fallthrough
		case '\n', '\u0085', '\u2028', '\u2029':
			starts = append(starts, i)
		}
	}
	if starts[len(starts)-1] != len(text) || len(text) == 0 {
		starts = append(starts, len(text))
	}
	return starts
}

const breaks = "\r\n\u0085\u2028\u2029"

func marker(line, mark string) bool {
	rest, ok := strings.CutPrefix(line, mark)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], " \t\r\n") || blank(rest))
}

func blank(line string) bool { return strings.Trim(line, " \t"+breaks) == "" }

func comment(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") }

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
