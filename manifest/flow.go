package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// appendFlow appends members or items to a collection in flow style, such as JSON.
func (e *editor) appendFlow(n *yaml.Node, added *value) error {
	if len(n.Content) == 0 {
		text, err := members(added)
		at := e.offset(n) + 1
		e.replace(at, at, text)
		return err
	}
	_, end, ok := e.span(n.Content[len(n.Content)-1])
	if !ok {
		return errStyle
	}
	if e.json != nil {
		separator := e.separator(n, n.Content[0])
		e.replace(end, end, ","+separator+e.indented(added, separator))
		return nil
	}
	text, err := members(added)
	e.replace(end, end, ", "+text)
	return err
}

// insertFlow inserts items before an item of a list in flow style.
func (e *editor) insertFlow(n, before *yaml.Node, added *value) error {
	start := e.offset(before)
	if e.json != nil {
		separator := e.separator(n, before)
		e.replace(start, start, e.indented(added, separator)+","+separator)
		return nil
	}
	text, err := members(added)
	e.replace(start, start, text+", ")
	return err
}

// separator returns the text between the comma and the next member of a JSON collection: a line break and
// indentation, or nothing if the collection is on one line.
func (e *editor) separator(n, member *yaml.Node) string {
	if member.Line == n.Line {
		return ""
	}
	return e.eol + margin(e.line(member.Line))
}

// indented returns the members of a JSON collection, separated like those of the collection to extend.
func (e *editor) indented(added *value, separator string) string {
	list := make([]string, len(added.items))
	for i, item := range added.items {
		if added.kind == '{' {
			list[i] = string(appendString(nil, added.keys[i])) + ":"
			if separator != "" {
				list[i] += " "
			}
		}
		list[i] += e.json.render(item, separator)
	}
	return strings.Join(list, ","+separator)
}

// members returns the content of a YAML collection in flow style.
func members(added *value) (string, error) {
	text, err := inline(added, yaml.FlowStyle, true)
	if err != nil || len(text) < 2 {
		return "", err
	}
	return text[1 : len(text)-1], nil
}

// inline returns a value on one line; a string gets the quotes of the one that it replaces. In a flow
// collection, fewer strings can be unquoted.
func inline(v *value, style yaml.Style, inFlow bool) (string, error) {
	n := v.node(yaml.FlowStyle)
	if v.kind == '"' {
		switch {
		case strings.ContainsAny(v.scalar, breaks) || style&yaml.DoubleQuotedStyle != 0:
			n.Style = yaml.DoubleQuotedStyle
		case style&yaml.SingleQuotedStyle != 0:
			n.Style = yaml.SingleQuotedStyle
		}
	}
	if inFlow {
		n = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{n}}
	}
	text, err := encode(n, false)
	text = strings.TrimSuffix(text, "\n")
	if inFlow {
		text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	}
	return text, err
}

// inline returns the text that replaces a value.
func (e *editor) inline(v *value, style yaml.Style, at place) (string, error) {
	if e.json != nil {
		return e.json.render(v, e.eol+margin(e.line(at.node.Line))), nil
	}
	return inline(v, style, at.key == nil)
}
