package manifest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source locates nodes in a text. A YAML node has a start, but no end.
type source struct {
	text   string
	starts []int
	eol    string
}

func newSource(text string) source {
	s := source{text: text, starts: lineStarts(text), eol: "\n"}
	if len(s.starts) > 1 && strings.HasSuffix(text[:s.starts[1]], "\r\n") {
		s.eol = "\r\n"
	}
	return s
}

// line returns a line with its break, counted from 1; empty after the end.
func (s *source) line(n int) string {
	if n < 1 || n >= len(s.starts) {
		return ""
	}
	return s.text[s.starts[n-1]:s.starts[n]]
}

// offset returns the start of a node. Columns count characters.
func (s *source) offset(n *yaml.Node) int {
	at := s.starts[min(max(n.Line, 1), len(s.starts))-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(s.text[at:])
		at += size
	}
	return at
}

// span returns the start and the end of a node; false if unknown.
func (s *source) span(n *yaml.Node) (start, end int, ok bool) {
	start = s.offset(n)
	rest := s.text[start:]
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		return 0, 0, false
	case n.Style&yaml.FlowStyle != 0:
		end = flowEnd(rest)
	case n.Kind != yaml.ScalarNode:
		return 0, 0, false
	case n.Style&yaml.DoubleQuotedStyle != 0 || n.Style&yaml.SingleQuotedStyle != 0:
		end = quoteEnd(rest)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return start, s.scalarEnd(n), true
	case strings.HasPrefix(rest, n.Value):
		end = len(n.Value)
	}
	return start, start + end, end > 0 || n.Value == ""
}

// scalarEnd returns the end of the last line of a block scalar, without its break.
func (s *source) scalarEnd(n *yaml.Node) int {
	last, outer := n.Line, indentation(s.line(n.Line))
	// After "- ", the scalar's parent starts further right than the line.
	for rest := s.line(n.Line)[outer:]; strings.HasPrefix(rest, "- "); rest = rest[2:] {
		outer += 2
	}
	for l := n.Line + 1; l < len(s.starts); l++ {
		if blank(s.line(l)) {
			continue
		}
		if indentation(s.line(l)) <= outer {
			break
		}
		last = l
	}
	return s.starts[last-1] + len(strings.TrimRight(s.line(last), breaks))
}

// flowEnd returns the length of the flow collection at the start of text; 0 if it is not closed.
func flowEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if !strings.ContainsAny(text[i-1:i], "{[,: \t\r\n") {
				continue // within a plain scalar
			}
			n := quoteEnd(text[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '#':
			if strings.ContainsAny(text[i-1:i], " \t\r\n") {
				n := strings.IndexAny(text[i:], "\r\n")
				if n < 0 {
					return 0
				}
				i += n
			}
		}
	}
	return 0
}

// quoteEnd returns the length of the quoted scalar at the start of text; 0 if it is not closed.
func quoteEnd(text string) int {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && strings.HasPrefix(text[i+1:], "'"):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return 0
}

// endOfBlock returns the last line of a block mapping or list with keys or dashes at this column. Comments
// belong to it if they are indented like its content.
func (s *source) endOfBlock(n *yaml.Node, column int, list bool) int {
	leaf := lastLeaf(n)
	last := s.lastLine(leaf)
	keep := leaf.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && (leaf.Value == "\n" || strings.HasSuffix(leaf.Value, "\n\n"))
	for l := last + 1; l < len(s.starts); l++ {
		line := s.line(l)
		inner := indentation(line)
		switch {
		case marker(line, "---") || marker(line, "..."):
			return last
		case blank(line):
			if keep && last == l-1 {
				last = l // trailing blank lines belong to the scalar
			}
		case comment(line):
			if inner > column || inner == column && !list {
				last = l
			}
		case inner < column || list && inner == column && !strings.HasPrefix(line[column:], "-"):
			return last
		default:
			last = l
		}
	}
	return last
}

// lastLeaf returns the last block-style node at the end of a node, or the outermost flow-style node.
func lastLeaf(n *yaml.Node) *yaml.Node {
	for len(n.Content) > 0 && n.Style&yaml.FlowStyle == 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n
}

// lastLine returns the last line of a quoted scalar or flow collection. For other nodes it returns the first;
// their indentation shows the remaining lines.
func (s *source) lastLine(leaf *yaml.Node) int {
	if leaf.Style&(yaml.FlowStyle|yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		return leaf.Line
	}
	_, end, ok := s.span(leaf)
	if !ok {
		return leaf.Line
	}
	line, found := slices.BinarySearch(s.starts, end)
	if found {
		return line // it ends with this line
	}
	return max(line, leaf.Line)
}
