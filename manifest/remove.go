package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// removeMembers removes the members of a mapping that want lacks. At least one has to remain.
func (e *editor) removeMembers(n *yaml.Node, have, want *value) error {
	for _, name := range have.keys {
		if slices.Contains(want.keys, name) {
			continue
		}
		i := slices.IndexFunc(n.Content, func(key *yaml.Node) bool { return key.Value == name })
		if i < 0 || i%2 == 1 || len(want.keys) == 0 {
			return errStyle
		}
		remove := e.removeLines
		if n.Style&yaml.FlowStyle != 0 {
			remove = e.removeFlow
		}
		if err := remove(n, i); err != nil {
			return err
		}
	}
	return nil
}

// removeLines removes the member at an index of a block mapping, with the comments directly above and in it. If blank
// lines are before and behind it, one of them goes too.
func (e *editor) removeLines(n *yaml.Node, i int) error {
	key, node := n.Content[i], n.Content[i+1]
	column := key.Column - 1
	if indentation(e.line(key.Line)) != column {
		return errStyle // it is behind a dash
	}
	first := e.aboveComments(key.Line, column)
	next := e.endOfBlock(node, column+1, false) + 1
	if compactList(key, node) {
		next = e.endOfBlock(node, column, true) + 1
	}
	if first > 1 && blank(e.line(first-1)) && blank(e.line(next)) {
		first--
	}
	e.replace(e.starts[first-1], e.starts[min(next, len(e.starts))-1], "")
	return nil
}

// compactList reports whether the value of a key is a list with its dashes at the key's column.
func compactList(key, node *yaml.Node) bool {
	return node.Kind == yaml.SequenceNode && node.Style&yaml.FlowStyle == 0 && node.Column == key.Column
}

// removeFlow removes the member at an index of a mapping in flow style, which has no comment there.
func (e *editor) removeFlow(n *yaml.Node, i int) error {
	start := e.offset(n.Content[i])
	_, end, ok := e.span(n.Content[i+1])
	switch {
	case i+2 < len(n.Content):
		end = e.offset(n.Content[i+2])
	case i > 0:
		_, before, known := e.span(n.Content[i-1])
		start, ok = before, ok && known
	}
	if !ok || end < start || strings.Contains(e.text[start:end], "#") {
		return errStyle
	}
	e.replace(start, end, "")
	return nil
}
