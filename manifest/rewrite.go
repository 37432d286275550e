package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

// errStyle means that a text cannot be spliced at a place: a value shared by an alias, or a style
// that the editor does not know. The same text without aliases and such styles can be.
var errStyle = errors.New("cannot edit this style in place")

// rewrite changes a document's text so that its value becomes want, which must hold all that the
// document has. It touches as little text as it can.
func rewrite(d *document, want []byte) (string, error) {
	have, err := decode(d.json)
	if err != nil {
		return "", err
	}
	target, err := decode(want)
	if err != nil {
		return "", err
	}
	text, err := splice(d.text, &d.root, have, target)
	if !errors.Is(err, errStyle) {
		return text, err
	}
	plain, err := withoutAliases(d.text, &d.root)
	if err != nil {
		return "", err
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(readable(plain)), &root); err != nil {
		return "", fmt.Errorf("read document written without aliases: %w", err)
	}
	text, err = splice(plain, &root, have, target)
	if errors.Is(err, errStyle) {
		return "", errors.New("its YAML is written in a way that cannot be edited; convert it, e.g. with kubectl create --dry-run=client -o yaml")
	}
	return text, err
}

// splice edits text, whose tree is root, and checks the outcome.
func splice(text string, root *yaml.Node, have, want *value) (string, error) {
	if len(root.Content) == 0 {
		return "", errStyle
	}
	e := &editor{source: newSource(text), shared: map[*yaml.Node]bool{}}
	e.share(root)
	e.compact = compactLists(root)
	if err := e.change(place{node: root.Content[0]}, have, want); err != nil {
		return "", err
	}
	text, ok := e.apply()
	if !ok {
		return "", errStyle
	}
	converted, err := kyaml.YAMLToJSON([]byte(readable(text)))
	if err != nil {
		return "", errStyle
	}
	if got, err := decode(converted); err != nil || !got.equal(want) {
		return "", errStyle
	}
	return text, nil
}

// compactLists reports whether lists stand at the column of their key; the first without an anchor,
// whose column it would have, tells.
func compactLists(n *yaml.Node) bool {
	compact, _ := listStyle(n)
	return compact
}

func listStyle(n *yaml.Node) (compact, found bool) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && child.Kind == yaml.SequenceNode && child.Style&yaml.FlowStyle == 0 && child.Anchor == "" {
			return child.Column == n.Content[i-1].Column, true
		}
		if compact, found := listStyle(child); found {
			return compact, true
		}
	}
	return false, false
}

// edit replaces the text from start to end.
type edit struct {
	start, end int
	text       string
}

// editor collects edits of one text.
type editor struct {
	source
	edits   []edit
	compact bool
	shared  map[*yaml.Node]bool // what aliases stand for
}

func (e *editor) share(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		e.shared[n.Alias] = true
	}
	for _, child := range n.Content {
		e.share(child)
	}
}

func (e *editor) replace(start, end int, text string) {
	e.edits = append(e.edits, edit{start, end, text})
}

// apply makes the edits; those at one place keep their order. It is false where two overlap.
func (e *editor) apply() (string, bool) {
	slices.SortStableFunc(e.edits, func(a, b edit) int { return a.start - b.start })
	var b strings.Builder
	last := 0
	for _, edit := range e.edits {
		if edit.start < last || edit.end < edit.start {
			return "", false
		}
		b.WriteString(e.text[last:edit.start])
		b.WriteString(edit.text)
		last = edit.end
	}
	b.WriteString(e.text[last:])
	return b.String(), true
}
