package manifest

import (
	"bytes"
	"encoding/json"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"go.yaml.in/yaml/v3"
)

// jsonStyle is the formatting of a JSON document.
type jsonStyle struct {
	unit string // indentation per level; "" if the document is on one line
}

func styleOf(body string) *jsonStyle {
	_, second, _ := strings.Cut(body, "\n")
	return &jsonStyle{margin(second)}
}

// render returns a value as JSON. Each new line starts with separator, a line break and the indentation; ""
// means one line.
func (s *jsonStyle) render(v *value, separator string) string {
	compact := v.appendJSON(nil)
	if separator == "" || s.unit == "" {
		return string(compact)
	}
	prefix := strings.TrimLeft(separator, breaks)
	eol := strings.TrimSuffix(separator, prefix)
	var b bytes.Buffer
	if json.Indent(&b, compact, prefix, s.unit) != nil {
		return string(compact)
	}
	return strings.ReplaceAll(b.String(), "\n", eol)
}

// margin returns the indentation of a line.
func margin(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// editJSON returns the edits of a JSON document. If a YAML parser reads it differently, because of an escape
// that YAML does not have, the document is reformatted.
func editJSON(d *document) ([]Edit, error) {
	body := strings.TrimSpace(d.text)
	options := jsonpatch.NewApplyOptions()
	options.EscapeHTML = false
	patched, err := d.patch.ApplyWithOptions([]byte(body), options)
	if err != nil {
		return nil, err
	}
	if edits, ok := spliceJSON(d, body, patched); ok {
		return edits, nil
	}
	text, err := indentJSON(d.text, patched)
	return between(d.text, text), err
}

func spliceJSON(d *document, body string, patched []byte) ([]Edit, bool) {
	have, err := decode([]byte(body))
	if err != nil {
		return nil, false
	}
	want, err := decode(patched)
	if err != nil || len(d.root.Content) == 0 {
		return nil, false
	}
	e := &editor{source: newSource(d.text), shared: map[*yaml.Node]bool{}, json: styleOf(body)}
	if e.change(place{node: d.root.Content[0]}, have, want) != nil {
		return nil, false
	}
	edits, err := checkEdits(d.text, e.edits, want, func(text string) ([]byte, error) { return []byte(text), nil })
	return edits, err == nil
}

// indentJSON returns a document's text with another value, indented like its first indented line, or on one
// line if the document is.
func indentJSON(text string, patched []byte) (string, error) {
	body := strings.TrimSpace(text)
	before, after, _ := strings.Cut(text, body)
	style := styleOf(body)
	if !strings.Contains(body, "\n") {
		return before + string(patched) + after, nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, patched, "", style.unit); err != nil {
		return "", err
	}
	body = b.String()
	if strings.Contains(text, "\r\n") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	return before + body + after, nil
}
