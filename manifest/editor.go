package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is a node and, for a member of a block mapping, its key.
type place struct {
	node *yaml.Node
	key  *yaml.Node
}

// change plans the edits that turn the value of a node into the wanted one.
func (e *editor) change(at place, have, want *value) error {
	n := at.node
	switch {
	case have.equal(want):
		return nil
	case n.Kind == yaml.AliasNode, e.shared[n], n.Style&yaml.TaggedStyle != 0:
		return errStyle
	case have.empty() && at.key != nil && want.kind != '"' && want.kind != '0':
		return e.fill(at, want)
	case have.kind == '{' && want.kind == '{' && n.Kind == yaml.MappingNode:
		return e.mapping(n, have, want)
	case have.kind == '[' && want.kind == '[' && n.Kind == yaml.SequenceNode && !e.replaceable(n, have, want):
		return e.sequence(n, have, want)
	}
	start, end, ok := e.span(n)
	if !ok {
		return errStyle
	}
	text, err := e.inline(want, n.Style, at)
	if start == end {
		text = " " + text // the key has no value yet
	}
	e.replace(start, end, text)
	return err
}

// replaceable reports whether a flow-style list that becomes shorter can be written as a whole: it has only scalars, and
// no comment.
func (e *editor) replaceable(n *yaml.Node, have, want *value) bool {
	start, end, ok := e.span(n)
	return ok && n.Style&yaml.FlowStyle != 0 && len(want.items) < len(have.items) && !strings.Contains(e.text[start:end], "#") &&
		!slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return item.Kind != yaml.ScalarNode || e.shared[item] })
}

func (e *editor) mapping(n *yaml.Node, have, want *value) error {
	flow := n.Style&yaml.FlowStyle != 0
	added := &value{kind: '{'}
	for i, name := range want.keys {
		old := have.member(name)
		if old == nil {
			added.keys = append(added.keys, name)
			added.items = append(added.items, want.items[i])
			continue
		}
		if old.equal(want.items[i]) {
			continue
		}
		key, node := lookup(n, name)
		if key == nil {
			return errStyle // merged from an alias
		}
		at := place{node: node}
		if !flow {
			at.key = key
		}
		if err := e.change(at, old, want.items[i]); err != nil {
			return err
		}
	}
	if err := e.removeMembers(n, have, want); err != nil {
		return err
	}
	switch {
	case len(added.keys) == 0:
		return nil
	case flow:
		return e.appendFlow(n, added)
	}
	column := n.Content[0].Column - 1 // fill handles empty mappings
	text, err := e.block(added, column)
	e.insertLines(e.endOfMapping(n, column), text)
	return err
}

// endOfMapping returns the line before which to insert new members of a block mapping: after the last member,
// but before it if that member ends the text without a final line break and would have to change.
func (e *editor) endOfMapping(n *yaml.Node, column int) int {
	line := e.endOfBlock(n, column, false) + 1
	if line < len(e.starts) || e.text == "" || strings.ContainsAny(e.text[len(e.text)-1:], breaks) {
		return line
	}
	last := n.Content[len(n.Content)-2]
	if last.Column-1 != column || indentation(e.line(last.Line)) != column {
		return line // it is behind a dash
	}
	return e.aboveComments(last.Line, column)
}

// aboveComments returns the first line of the comments directly above a line, at the same column.
func (e *editor) aboveComments(line, column int) int {
	for line > 1 && comment(e.line(line-1)) && indentation(e.line(line-1)) == column {
		line--
	}
	return line
}

// sequence pairs the items of lists of equal length. In a longer list, items that do not match the next old
// item are new; in a shorter one, old items that do not match the next one are removed.
func (e *editor) sequence(n *yaml.Node, have, want *value) error {
	if len(n.Content) != len(have.items) {
		return errStyle
	}
	if len(want.items) < len(have.items) {
		return e.shrink(n, have, want)
	}
	next := 0
	var added []*value
	for _, item := range want.items {
		if next == len(have.items) || len(have.items) != len(want.items) && !have.items[next].same(item) {
			added = append(added, item)
			continue
		}
		if err := e.insert(n, next, added); err != nil {
			return err
		}
		if err := e.change(place{node: n.Content[next]}, have.items[next], item); err != nil {
			return err
		}
		next, added = next+1, nil
	}
	if next < len(have.items) {
		return errStyle
	}
	return e.insert(n, next, added)
}

// shrink removes items of a block-style list, with the comments above and in them.
func (e *editor) shrink(n *yaml.Node, have, want *value) error {
	column, ok := e.listColumn(n)
	if !ok || n.Style&yaml.FlowStyle != 0 {
		return errStyle
	}
	starts := make([]int, len(n.Content)+1) // first lines, of comments too
	for i, item := range n.Content {
		dash := e.dash(item, column)
		if dash == 0 {
			return errStyle
		}
		starts[i] = e.aboveComments(dash, column)
	}
	starts[len(n.Content)] = e.endOfBlock(n, column, true) + 1
	next := 0
	for i, item := range have.items {
		if next < len(want.items) && item.same(want.items[next]) {
			if err := e.change(place{node: n.Content[i]}, item, want.items[next]); err != nil {
				return err
			}
			next++
			continue
		}
		e.replace(e.starts[starts[i]-1], e.starts[min(starts[i+1], len(e.starts))-1], "")
	}
	return nil
}

// insert inserts items before the item at an index of a list, or after the last one.
func (e *editor) insert(n *yaml.Node, at int, items []*value) error {
	if len(items) == 0 {
		return nil
	}
	added := &value{kind: '[', items: items}
	if n.Style&yaml.FlowStyle != 0 {
		if at == len(n.Content) {
			return e.appendFlow(n, added)
		}
		return e.insertFlow(n, n.Content[at], added)
	}
	column, ok := e.listColumn(n)
	if !ok {
		return errStyle
	}
	text, err := e.block(added, column)
	if at == len(n.Content) {
		e.insertLines(e.endOfBlock(n, column, true)+1, text)
		return err
	}
	line := e.dash(n.Content[at], column)
	if line == 0 {
		return errStyle
	}
	e.insertLines(e.aboveComments(line, column), text)
	return err
}

// listColumn returns the column of a list's dashes. If the list has an anchor, this is the column of the
// anchor.
func (e *editor) listColumn(n *yaml.Node) (int, bool) {
	if n.Anchor == "" {
		return n.Column - 1, true
	}
	line := e.line(n.Content[0].Line)
	column := indentation(line)
	return column, n.Content[0].Line > n.Line && strings.HasPrefix(line[column:], "-")
}

// dash returns the line of a list item's "-", or 0 if something else precedes it.
func (e *editor) dash(item *yaml.Node, column int) int {
	for line := item.Line; line > 0; line-- {
		text := e.line(line)
		switch {
		case blank(text) || comment(text):
		case indentation(text) == column && strings.HasPrefix(text[column:], "-"):
			return line
		case line < item.Line:
			return 0
		}
	}
	return 0
}

// fill adds content to an empty member of a block mapping, as a block below the key.
func (e *editor) fill(at place, want *value) error {
	n := at.node
	start, end, ok := e.span(n)
	if !ok {
		return errStyle
	}
	column := at.key.Column - 1
	if want.kind == '{' || !e.compact {
		column += 2
	}
	for start > 0 && start < end && e.text[start-1] == ' ' {
		start--
	}
	e.replace(start, end, "")
	text, err := e.block(want, column)
	e.insertLines(n.Line+1, text)
	return err
}

// insertLines inserts whole lines before a line.
func (e *editor) insertLines(line int, text string) {
	at := e.starts[min(line, len(e.starts))-1]
	if at == len(e.text) && at > 0 && !strings.ContainsAny(e.text[at-1:], "\r\n") {
		text = e.eol + strings.TrimSuffix(text, e.eol)
	}
	e.replace(at, at, text)
}

// block returns a value in block style at a column.
func (e *editor) block(v *value, column int) (string, error) {
	text, err := encode(v.node(0), e.compact)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			b.WriteString(strings.Repeat(" ", column))
		}
		b.WriteString(line + e.eol)
	}
	return b.String(), nil
}
