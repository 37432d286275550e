package strict

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Mistake is a mistake at a position in a document.
type Mistake struct {
	// Line is counted from 1; 0 if the mistake has no line.
	Line int
	// Path leads to the field, such as sidecar.resources.requests.cpu; empty for the whole document.
	Path string
	// Message describes what is wrong and what to do.
	Message string
}

// Message returns "file:line: part: part: message", with the parts that are known.
func Message(file string, line int, parts ...string) string {
	if line > 0 {
		file += ":" + strconv.Itoa(line)
	}
	return printable(strings.Join(slices.DeleteFunc(append([]string{file}, parts...), func(s string) bool { return s == "" }), ": "))
}

// printable escapes line breaks and terminal control characters: a document's key, which is part of a path, may contain
// them.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// Lines returns one error per line.
func Lines[E error](problems []E) string {
	lines := make([]string, len(problems))
	for i, problem := range problems {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Document describes a YAML document, except for its values: their positions and their mistakes.
type Document struct {
	// Lines has the line of each field that the document contains, by path.
	Lines map[string]int
	// Blocks has the line before the first line of each literal block (|), by path.
	Blocks map[string]int
	// Mistakes so far.
	Mistakes []Mistake

	// Suggest returns the end of the message about an unknown field: a suggestion, or nothing.
	Suggest func(word string, known []string) string
	// Removable is the path of a mapping of strings in which a null means "".
	Removable string
}

// Decode fills the value that a pointer refers to from the document's root. It does not change invalid fields.
func (d *Document) Decode(root *yaml.Node, into any) error {
	d.Lines, d.Blocks = map[string]int{}, map[string]int{}
	decoded := decoder{Document: d}.value(root, reflect.TypeOf(into).Elem(), "")
	data, err := json.Marshal(decoded)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// Report records a mistake at a path.
func (d *Document) Report(path, format string, args ...any) {
	d.ReportAt(d.Line(path), path, format, args...)
}

// ReportAt records a mistake at a line.
func (d *Document) ReportAt(line int, path, format string, args ...any) {
	d.Mistakes = append(d.Mistakes, Mistake{Line: line, Path: path, Message: fmt.Sprintf(format, args...)})
}

// Blamed reports whether there is a mistake at the path, above it or below it. The value is then unknown, and later
// checks should not report it again.
func (d *Document) Blamed(path string) bool {
	within := func(inner, outer string) bool {
		rest, ok := strings.CutPrefix(inner, outer)
		return ok && outer != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return slices.ContainsFunc(d.Mistakes, func(m Mistake) bool {
		return within(m.Path, path) || within(path, m.Path)
	})
}

// Has reports whether the document contains the path.
func (d *Document) Has(path string) bool {
	_, ok := d.Lines[path]
	return ok
}

// Line returns the line of the path, or of the nearest parent that the document contains.
func (d *Document) Line(path string) int {
	for path != "" {
		if line, ok := d.Lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return d.Lines[""]
}

// yamlLine matches the start of the YAML library's messages, with the line of the mistake.
var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\s+)?(?:line (\d+): )?`)

// SyntaxMistake converts an error of the YAML library.
func SyntaxMistake(err error) Mistake {
	message, line := err.Error(), 0
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		line, _ = strconv.Atoi(match[1])
		message = strings.TrimPrefix(message, match[0])
	}
	message, _, _ = strings.Cut(message, "\n") // the first of several
	return Mistake{Line: line, Message: "read YAML: " + message}
}

// Describe describes a node for people, such as "the number 5".
func Describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch node.ShortTag() {
	case "!!null":
		return "empty"
	case "!!str":
		return fmt.Sprintf("the string %q", node.Value)
	case "!!bool":
		return fmt.Sprintf("the boolean %s", node.Value)
	case "!!int", "!!float":
		return fmt.Sprintf("the number %s", node.Value)
	default:
		return fmt.Sprintf("%q of type %s", node.Value, node.Tag)
	}
}

// At returns the path of a mapping's member. Keys that are not a single word are in brackets.
func At(path, key string) string {
	switch {
	case key == "" || strings.ContainsAny(key, ".[], "):
		return path + "[" + key + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}
