package manifest

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

// errStyle means that a text cannot be edited at some place: a value shared by an alias, or a style that the
// editor does not support. After aliases and such styles are removed, the text can be edited.
var errStyle = errors.New("cannot edit this style in place")

// ErrStyle is the error for a document that cannot be edited, even after it is rewritten.
var ErrStyle = errors.New("its YAML style cannot be edited; convert it, e.g. with kubectl create --dry-run=client -o yaml")

// rewrite returns the edits that turn the document's value into want. They change as little text as possible. Want may
// lack members of mappings, items of block-style lists, and items of flow-style lists of scalars.
func rewrite(d *document, want []byte) ([]Edit, error) {
	have, err := decode(d.json)
	if err != nil {
		return nil, err
	}
	target, err := decode(want)
	if err != nil {
		return nil, err
	}
	edits, err := splice(d.text, &d.root, have, target)
	if !errors.Is(err, errStyle) {
		return edits, err
	}
	plain, err := withoutAliases(d.text, &d.root)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(readable(plain)), &root); err != nil {
		return nil, fmt.Errorf("read document written without aliases: %w", err)
	}
	edits, err = splice(plain, &root, have, target)
	if errors.Is(err, errStyle) {
		return nil, ErrStyle
	}
	return between(d.text, applyEdits(plain, edits)), err
}

// splice returns the edits of a text with the tree root, and verifies the result.
func splice(text string, root *yaml.Node, have, want *value) ([]Edit, error) {
	if len(root.Content) == 0 {
		return nil, errStyle
	}
	e := &editor{source: newSource(text), shared: map[*yaml.Node]bool{}}
	e.share(root)
	e.compact = compactLists(root)
	if err := e.change(place{node: root.Content[0]}, have, want); err != nil {
		return nil, err
	}
	return checkEdits(text, e.edits, want, func(text string) ([]byte, error) {
		return kyaml.YAMLToJSON([]byte(readable(text)))
	})
}

// compactLists reports whether lists are at the column of their key, according to the first one without an
// anchor: with an anchor, the node has the anchor's column.
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

// editor collects the edits of one text.
type editor struct {
	source
	edits   []Edit
	compact bool
	json    *jsonStyle          // nil for YAML
	shared  map[*yaml.Node]bool // targets of aliases
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
	e.edits = append(e.edits, Edit{start, end, text})
}
