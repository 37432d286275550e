package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a JSON value that keeps the order of object members.
type value struct {
	kind   byte     // '{', '[', '"' for a string, '0' for other scalars
	keys   []string // of an object
	items  []*value // of an object or an array
	scalar string   // the text of a string, or the literal of another scalar
}

func decode(data []byte) (*value, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return decodeNext(dec)
}

func decodeNext(dec *json.Decoder) (*value, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case string:
		return &value{kind: '"', scalar: token}, nil
	case json.Delim:
		v := &value{kind: byte(token)}
		for dec.More() {
			if err := v.decodeMember(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.Token()
		return v, err
	case nil:
		return &value{kind: '0', scalar: "null"}, nil
	default:
		return &value{kind: '0', scalar: fmt.Sprint(token)}, nil
	}
}

// decodeMember adds the next array item or object member; the last duplicate counts.
func (v *value) decodeMember(dec *json.Decoder) error {
	at := len(v.items)
	if v.kind == '{' {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := token.(string)
		if at = slices.Index(v.keys, key); at < 0 {
			at, v.keys = len(v.items), append(v.keys, key)
		}
	}
	item, err := decodeNext(dec)
	if err != nil {
		return err
	}
	if at == len(v.items) {
		v.items = append(v.items, item)
	}
	v.items[at] = item
	return nil
}

func (v *value) member(key string) *value {
	if i := slices.Index(v.keys, key); i >= 0 {
		return v.items[i]
	}
	return nil
}

// empty reports whether the value is null or an empty object or array.
func (v *value) empty() bool {
	return v.kind == '0' && v.scalar == "null" || v.kind != '"' && v.kind != '0' && len(v.items) == 0
}

// equal compares values, ignoring the order of members.
func (v *value) equal(w *value) bool {
	if v.kind != w.kind || v.scalar != w.scalar || len(v.items) != len(w.items) {
		return false
	}
	for i, item := range v.items {
		other := w.items[i]
		if v.kind == '{' && w.keys[i] != v.keys[i] {
			if other = w.member(v.keys[i]); other == nil {
				return false
			}
		}
		if !item.equal(other) {
			return false
		}
	}
	return true
}

// same reports whether two list items represent the same thing: they are equal or have the same name.
func (v *value) same(w *value) bool {
	if v.kind == '{' && w.kind == '{' {
		if a, b := v.member("name"), w.member("name"); a != nil && b != nil {
			return a.equal(b)
		}
	}
	return v.equal(w)
}

// appendJSON appends the value as JSON on one line.
func (v *value) appendJSON(out []byte) []byte {
	if v.kind == '0' {
		return append(out, v.scalar...)
	}
	if v.kind == '"' {
		return appendString(out, v.scalar)
	}
	out = append(out, v.kind)
	for i, item := range v.items {
		if i > 0 {
			out = append(out, ',')
		}
		if v.kind == '{' {
			out = append(appendString(out, v.keys[i]), ':')
		}
		out = item.appendJSON(out)
	}
	return append(out, v.kind+2) // in ASCII, '}' and ']' follow two after '{' and '['
}

func appendString(out []byte, s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // encoding a string cannot fail
	return append(out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// node returns the value as YAML.
func (v *value) node(style yaml.Style) *yaml.Node {
	switch v.kind {
	case '"':
		n := &yaml.Node{}
		if err := n.Encode(v.scalar); err != nil || n.Kind != yaml.ScalarNode {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: v.scalar}
		}
		return n
	case '{':
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: style}
		for i, key := range v.keys {
			n.Content = append(n.Content, (&value{kind: '"', scalar: key}).node(style), v.items[i].node(style))
		}
		return n
	case '[':
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: style}
		for _, item := range v.items {
			n.Content = append(n.Content, item.node(style))
		}
		return n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: v.scalar}
}

// encode returns a node as text that ends with a line break. Compact lists are at their key's column.
func encode(n *yaml.Node, compact bool) (string, error) {
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if compact {
		enc.CompactSeqIndent()
	}
	if err := enc.Encode(n); err != nil {
		return "", err
	}
	return b.String(), enc.Close()
}
