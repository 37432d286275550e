package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Edit replaces the bytes from Start to End of a stream with New.
type Edit struct {
	Start, End int
	New        string
}

// Edits returns the changes that the pods' patches make to the stream, in order and without overlap. They are
// minimal: a diff made from them removes a line only if the line itself changes. Exceptions are documents that
// must be rewritten first (see the package documentation).
func (m *Manifest) Edits() ([]Edit, error) {
	var edits []Edit
	at := len(m.bom)
	for _, d := range m.documents {
		ofDocument, err := d.edits()
		if err != nil {
			return nil, d.errorf(d.chunk.line, "patch: %w", err)
		}
		for _, e := range slideInsertions(d.text, ofDocument) {
			edits = append(edits, Edit{at + e.Start, at + e.End, e.New})
		}
		at += len(d.text)
	}
	return edits, nil
}

// sortEdits sorts edits and joins those at the same position. It returns false if two overlap.
func sortEdits(edits []Edit) ([]Edit, bool) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.Start - b.Start })
	var list []Edit
	for _, e := range edits {
		if e.End < e.Start {
			return nil, false
		}
		if n := len(list); n > 0 {
			last := &list[n-1]
			if e.Start < last.End {
				return nil, false
			}
			if e.Start == last.Start {
				last.End, last.New = e.End, last.New+e.New
				continue
			}
		}
		list = append(list, e)
	}
	return slices.DeleteFunc(list, func(e Edit) bool { return e.Start == e.End && e.New == "" }), true
}

// slideInsertions moves insertions to the start of their line if the resulting text is the same: an insertion after "}"
// that ends with its own line "}" can be inserted before that line instead, which then does not change.
func slideInsertions(text string, edits []Edit) []Edit {
	var list []Edit
	first := 0 // end of the previous edit
	for _, e := range edits {
		line := strings.LastIndexByte(text[:e.Start], '\n') + 1
		head := text[line:e.Start]
		if e.Start == e.End && line > first && head != "" && strings.HasSuffix(e.New, "\n"+head) {
			e = Edit{line, line, head + strings.TrimSuffix(e.New, head)}
		}
		list, first = append(list, e), e.End
	}
	return list
}

// applyEdits returns the text with these ordered edits.
func applyEdits(text string, edits []Edit) string {
	var b strings.Builder
	last := 0
	for _, e := range edits {
		b.WriteString(text[last:e.Start])
		b.WriteString(e.New)
		last = e.End
	}
	b.WriteString(text[last:])
	return b.String()
}

// between returns edits of whole lines that turn one text into another, for a rewritten document.
func between(before, after string) []Edit {
	var edits []Edit
	for _, e := range udiff.Lines(before, after) {
		edits = append(edits, Edit{e.Start, e.End, e.New})
	}
	return edits
}

// checkEdits returns the edits of a document if they result in the wanted value.
func checkEdits(text string, edits []Edit, want *value, read func(string) ([]byte, error)) ([]Edit, error) {
	edits, ok := sortEdits(edits)
	if !ok {
		return nil, errStyle
	}
	converted, err := read(applyEdits(text, edits))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStyle, err)
	}
	if got, err := decode(converted); err != nil || !got.equal(want) {
		return nil, errStyle
	}
	return edits, nil
}
