package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// withoutAliases rewrites a document with every alias and merge key expanded; comments stay.
func withoutAliases(text string, root *yaml.Node) (string, error) {
	body, err := encode(expandAliases(root), compactLists(root))
	if err != nil {
		return "", err
	}
	eol := newSource(text).eol
	return withMarkers(text, strings.ReplaceAll(body, "\n", eol), eol), nil
}

// withMarkers adds the directives and markers of the old text to a new body.
func withMarkers(text, body, eol string) string {
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

// expandAliases returns a node without aliases. Parsing has already rejected recursive aliases and those that expand
// too much.
func expandAliases(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		plain := expandAliases(n.Alias)
		plain.HeadComment, plain.LineComment, plain.FootComment = n.HeadComment, n.LineComment, n.FootComment
		return plain
	}
	plain := *n
	plain.Anchor, plain.Alias, plain.Content = "", nil, nil
	if n.ShortTag() == "!!str" {
		plain.Style &^= yaml.TaggedStyle
	}
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || n.Content[i&^1].ShortTag() != "!!merge" {
			plain.Content = append(plain.Content, expandAliases(child))
		}
	}
	if n.Kind == yaml.MappingNode {
		merge(&plain, n)
	}
	return &plain
}

// merge adds the members of a mapping's merge keys ("<<"). The mapping's own members take precedence, then the
// earlier of the merged mappings (https://yaml.org/type/merge.html).
func merge(plain, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		merged := expandAliases(n.Content[i+1])
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
}
