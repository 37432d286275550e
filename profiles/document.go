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

// document is one profile as it was written, with what is needed to point at its mistakes.
type document struct {
	Profile
	strict.Document
	file    string
	named   string // the name, if only that can be read
	builtin bool
	// unreadable is set when a part could not be decoded, so that checks of the resolved
	// profile would complain about what is only missing here.
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

// parse reads the profiles of a source. A mistake in the YAML itself ends the source, as what
// follows cannot be understood; everything else is noted in the document that it is in.
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

// attributesPath is the mapping in which a null means something: it removes an attribute.
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

// suggestField names the field that was probably meant: one of the same name in another part of the
// profile (cloud.region is written identity.region), or a similar one at this place.
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

// nameOf finds the profile's name without looking at anything else.
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
