package manifest

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what aliases may unfold into.
const maxNodes = 1 << 20

// withoutAliases writes a document anew, with comments, but every alias and merge key written out.
func withoutAliases(text string, root *yaml.Node) (string, error) {
	u := &unfolder{left: maxNodes}
	plain, err := u.copy(root, nil)
	if err != nil {
		return "", err
	}
	body, err := encode(plain, compactLists(root))
	if err != nil {
		return "", err
	}
	eol := newSource(text).eol
	return around(text, strings.ReplaceAll(body, "\n", eol), eol), nil
}

// around puts the directives and markers of the old text around a new body.
func around(text, body, eol string) string {
	var head, tail string
	starts := lineStarts(text)
	for i := range len(starts) - 1 {
		line := text[starts[i]:starts[i+1]]
		switch {
		case strings.HasPrefix(line, "%") && !strings.Contains(head, "---"):
			head += line
		case marker(line, "---"):
			head += "---" + eol
		case marker(line, "..."):
			tail = line
		}
	}
	return head + body + tail
}

type unfolder struct{ left int }

// copy is a node without aliases; within are the anchors that it stands in.
func (u *unfolder) copy(n *yaml.Node, within []*yaml.Node) (*yaml.Node, error) {
	if u.left--; u.left < 0 {
		return nil, errors.New("its aliases unfold into too much: write the pod template without them")
	}
	if n.Kind == yaml.AliasNode {
		if slices.Contains(within, n.Alias) {
			return nil, errors.New("an alias refers to what it stands in")
		}
		plain, err := u.copy(n.Alias, within)
		if err == nil {
			plain.HeadComment, plain.LineComment, plain.FootComment = n.HeadComment, n.LineComment, n.FootComment
		}
		return plain, err
	}
	plain := *n
	plain.Anchor, plain.Alias, plain.Content = "", nil, nil
	if n.ShortTag() == "!!str" {
		plain.Style &^= yaml.TaggedStyle
	}
	within = append(slices.Clip(within), n)
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && n.Content[i&^1].ShortTag() == "!!merge" {
			continue
		}
		c, err := u.copy(child, within)
		if err != nil {
			return nil, err
		}
		plain.Content = append(plain.Content, c)
	}
	return &plain, u.merge(&plain, n, within)
}

// merge adds the members of a mapping's merge keys ("<<"). Its own members win, then the earlier of
// the merged mappings (https://yaml.org/type/merge.html).
func (u *unfolder) merge(plain, n *yaml.Node, within []*yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		merged, err := u.copy(n.Content[i+1], within)
		if err != nil {
			return err
		}
		sources := []*yaml.Node{merged}
		if merged.Kind == yaml.SequenceNode {
			sources = merged.Content
		}
		for _, from := range sources {
			for j := 0; j+1 < len(from.Content); j += 2 {
				if key, _ := lookup(plain, from.Content[j].Value); key == nil {
					plain.Content = append(plain.Content, from.Content[j], from.Content[j+1])
				}
			}
		}
	}
	return nil
}
