package profiles

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/telepod/telepod/strict"
)

// document is one profile as its author wrote it, with the positions of its mistakes.
type document struct {
	Profile
	strict.Document
	file    string
	named   string // the name, read even if the rest is invalid
	builtin bool
	// unreadable is set if a part could not be decoded. The resolved profile is then not checked: it would
	// seem to lack that part.
	unreadable bool
}

// problems are the document's mistakes.
func (d *document) problems() Problems {
	var list Problems
	for _, m := range d.Mistakes {
		list = append(list, Problem{File: d.file, Line: m.Line, Profile: d.named, Path: m.Path, Message: m.Message})
	}
	return list
}

// parse reads the profiles of a source. It stops at a mistake in the YAML itself, because the rest cannot be
// parsed. Each document keeps its other mistakes.
func parse(source Source) (documents []*document, problems Problems) {
	decoder := yaml.NewDecoder(bytes.NewReader(source.Data))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return documents, problems
		}
		if err != nil {
			return documents, append(problems, syntaxProblem(source.Name, err))
		}
		switch root := node.Content[0]; {
		case root.ShortTag() == "!!null": // only comments
		case root.Kind != yaml.MappingNode:
			problems = append(problems, Problem{File: source.Name, Line: root.Line,
				Message: "is " + strict.Describe(root) + ", must be a profile: a mapping with a name"})
		default:
			documents = append(documents, newDocument(source.Name, root))
		}
	}
}

// attributesPath is the mapping in which a null has a meaning: it removes an attribute.
const attributesPath = "resourceAttributes"

func newDocument(file string, root *yaml.Node) *document {
	d := &document{file: file, named: nameOf(root), Document: strict.Document{Suggest: suggestField, Removable: attributesPath}}
	err := d.Decode(root, &d.Profile)
	d.unreadable = len(d.Mistakes) > 0 || err != nil
	if err != nil {
		d.Report("", "decode: %v", err)
	}
	return d
}

// suggestField suggests the field that was probably meant: one with the same name in another part of the
// profile (identity.region for cloud.region), or a similar one in this part.
func suggestField(word string, known []string) string {
	profile := reflect.TypeFor[Profile]()
	for field := range profile.Fields() {
		if field.Type.PkgPath() != profile.PkgPath() || field.Type.Kind() != reflect.Struct {
			continue
		}
		if slices.Contains(strict.Fields(field.Type), word) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			return Suggest(name + "." + word)
		}
	}
	return DidYouMean(word, known)
}

// nameOf returns the profile's name, even if the rest of the document is invalid.
func nameOf(root *yaml.Node) string {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "name" && root.Content[i+1].Kind == yaml.ScalarNode {
			return root.Content[i+1].Value
		}
	}
	return ""
}

func syntaxProblem(file string, err error) Problem {
	m := strict.SyntaxMistake(err)
	return Problem{File: file, Line: m.Line, Message: m.Message}
}
