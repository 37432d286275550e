package main

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one key of values.yaml.
type value struct {
	path        string // dotted, as in --set
	key         string
	description string
	schema      map[string]any // from @schema
	shared      string         // the section of values-shared.yaml named by @values
	node        *yaml.Node     // the default
	children    []*value       // nil for a leaf
}

const (
	schemaMark = "@schema "
	sharedMark = "@values "
)

// parse reads values.yaml. Its error lists every undocumented leaf.
func parse(source []byte) (*value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(source, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping")
	}
	root := &value{node: document.Content[0]}
	return root, root.descend()
}

// descend fills in the children of a mapping.
func (v *value) descend() error {
	var errs []error
	for i := 0; i < len(v.node.Content); i += 2 {
		key, node := v.node.Content[i], v.node.Content[i+1]
		child := &value{path: key.Value, key: key.Value, node: node}
		if v.path != "" {
			child.path = v.path + "." + key.Value
		}
		if err := child.comment(key.HeadComment); err != nil {
			errs = append(errs, err)
			continue
		}
		if child.isSection() {
			errs = append(errs, child.descend())
		} else if child.description == "" {
			errs = append(errs, fmt.Errorf("line %d: %s has no comment: describe it above the key", key.Line, child.path))
		}
		v.children = append(v.children, child)
	}
	return errors.Join(errs...)
}

// isSection reports whether the value is a mapping with documented keys, rather than a leaf with a mapping as
// its default.
func (v *value) isSection() bool {
	return v.node.Kind == yaml.MappingNode && len(v.node.Content) > 0 && v.schema == nil
}

// comment parses description and schema from the paragraph directly above the key.
func (v *value) comment(text string) error {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	var words []string
	for line := range strings.Lines(paragraphs[len(paragraphs)-1]) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#"))
		if shared, found := strings.CutPrefix(line, sharedMark); found {
			v.shared = shared
			continue
		}
		schema, found := strings.CutPrefix(line, schemaMark)
		if !found {
			words = append(words, line)
			continue
		}
		if err := yaml.Unmarshal([]byte(schema), &v.schema); err != nil {
			return fmt.Errorf("%s: @schema: %w", v.path, err)
		}
	}
	v.description = strings.TrimSpace(strings.Join(words, " "))
	return nil
}

// leaves returns the documented values in the order of the file.
func (v *value) leaves() []*value {
	if v.children == nil {
		return []*value{v}
	}
	var all []*value
	for _, child := range v.children {
		all = append(all, child.leaves()...)
	}
	return all
}

// child returns the child with a key, or nil.
func (v *value) child(key string) *value {
	for _, child := range v.children {
		if child.key == key {
			return child
		}
	}
	return nil
}
