package estate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/strict"
)

// Limits of a file.
const (
	MaxSize     = 1 << 20 // bytes
	maxClusters = 1000
)

// Problem is one mistake or contradiction.
type Problem struct {
	File string
	// Line is counted from 1; 0 if the problem has none.
	Line int
	// Path leads to the field; empty for the whole file.
	Path string
	// Message describes what is wrong and what to do.
	Message string
	// Warning is true for something that works, but is probably unintended.
	Warning bool
}

// Error returns "file:line: path: message", with the parts that are known.
func (p Problem) Error() string {
	warning := ""
	if p.Warning {
		warning = "warning"
	}
	return strict.Message(p.File, p.Line, p.Path, warning, p.Message)
}

// Problems are all problems of a file, ordered by line.
type Problems []Problem

// Error returns one problem per line.
func (p Problems) Error() string { return strict.Lines(p) }

// Errors returns the problems that are not warnings.
func (p Problems) Errors() Problems {
	return slices.DeleteFunc(slices.Clone(p), func(p Problem) bool { return p.Warning })
}

// Warnings returns the problems that are warnings.
func (p Problems) Warnings() Problems {
	return slices.DeleteFunc(slices.Clone(p), func(p Problem) bool { return !p.Warning })
}

// Load reads an estate file and checks it. The estate is nil if any problem is not a warning. Messages contain the
// name.
func Load(name string, data []byte) (*Estate, Problems) {
	root, err := parse(data)
	if err != nil {
		m := strict.SyntaxMistake(err)
		return nil, Problems{{File: name, Line: m.Line, Message: m.Message}}
	}
	document := &strict.Document{Suggest: profiles.DidYouMean}
	e := &Estate{document: document}
	if err := document.Decode(root, e); err != nil {
		document.Report("", "decode: %v", err)
	}
	c := checker{Estate: e, Document: document}
	c.structure()
	if len(document.Mistakes) == 0 { // contradictions can only be found in a valid structure
		e.defaults()
		c.contradictions()
	}
	var problems Problems
	for _, m := range document.Mistakes {
		problems = append(problems, Problem{File: name, Line: m.Line, Path: m.Path, Message: m.Message})
	}
	if len(problems) > 0 {
		e = nil
	}
	for _, m := range c.warnings {
		problems = append(problems, Problem{File: name, Line: m.Line, Path: m.Path, Message: m.Message, Warning: true})
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return e, problems
}

// parse parses the single document of a file.
func parse(data []byte) (*yaml.Node, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("yaml: the file is longer than %d bytes", MaxSize)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && document.Content[0].ShortTag() == "!!null" {
		return nil, errors.New("yaml: the file is empty: run 'telepod estate init'")
	}
	if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("yaml: line %d: unexpected second document: an estate file has only one", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return document.Content[0], nil
}
