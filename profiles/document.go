package profiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one profile as it was written, with what is needed to point at its mistakes.
type document struct {
	Profile
	file     string
	builtin  bool
	lines    map[string]int // path of a field to its line
	blocks   map[string]int // path of a literal block (|) to the line before its first one
	problems Problems
	// unreadable is set when a part could not be decoded, so that checks of the resolved
	// profile would complain about what is only missing here.
	unreadable bool
}

// report notes a mistake at a path.
func (d *document) report(path, format string, args ...any) {
	d.reportAt(d.line(path), path, format, args...)
}

func (d *document) reportAt(line int, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{
		File: d.file, Line: line, Profile: d.Name, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// blamed tells whether a problem was noted at the path, around it or in it: what stands there is
// not known then, and no more should be said about it.
func (d *document) blamed(path string) bool {
	within := func(inner, outer string) bool {
		rest, ok := strings.CutPrefix(inner, outer)
		return ok && outer != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return slices.ContainsFunc(d.problems, func(p Problem) bool {
		return within(p.Path, path) || within(path, p.Path)
	})
}

// has tells whether the path is written in this document, as opposed to inherited or left out.
func (d *document) has(path string) bool {
	_, ok := d.lines[path]
	return ok
}

// line is the line of the path, or of the nearest thing around it that this document has.
func (d *document) line(path string) int {
	for path != "" {
		if line, ok := d.lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return d.lines[""]
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
				Message: "is " + describe(root) + ", must be a profile: a mapping with a name"})
		default:
			documents = append(documents, newDocument(source.Name, root))
		}
	}
}

func newDocument(file string, root *yaml.Node) *document {
	d := &document{file: file, lines: map[string]int{}, blocks: map[string]int{}}
	d.Name = nameOf(root) // for the messages about the rest
	decoded := strict{d}.value(root, reflect.TypeFor[Profile](), "")
	d.unreadable = len(d.problems) > 0
	data, err := json.Marshal(decoded)
	if err == nil {
		err = json.Unmarshal(data, &d.Profile)
	}
	if err != nil {
		d.unreadable = true
		d.report("", "decode: %v", err)
	}
	return d
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

// yamlLine is how the YAML library begins a message, with the place of the mistake.
var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\s+)?(?:line (\d+): )?`)

func syntaxProblem(file string, err error) Problem {
	message, line := err.Error(), 0
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		line, _ = strconv.Atoi(match[1])
		message = strings.TrimPrefix(message, match[0])
	}
	message, _, _ = strings.Cut(message, "\n") // the first of several
	return Problem{File: file, Line: line, Message: "read YAML: " + message}
}
