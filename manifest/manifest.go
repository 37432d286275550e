package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

// Manifest is a stream of documents: the content of one file.
type Manifest struct {
	bom       string
	documents []*document
}

// document is one YAML or JSON document.
type document struct {
	chunk
	file string
	root yaml.Node
	json []byte // nil for an empty document

	objects    int
	pods       []*Pod
	namespaces []Namespace
	configMaps []ConfigMap
	notes      []string
	patch      jsonpatch.Patch
}

const byteOrderMark = "\ufeff"

// Parse reads a stream; name is used in errors. Documents that are not Kubernetes objects are preserved. The
// error lists every document that cannot be read.
func Parse(name string, data []byte) (*Manifest, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: it is not UTF-8 text", name)
	}
	m := &Manifest{}
	text := string(data)
	if rest, ok := strings.CutPrefix(text, byteOrderMark); ok {
		m.bom, text = byteOrderMark, rest
	}
	var problems []error
	for _, c := range split(text) {
		d := &document{chunk: c, file: name}
		problems = append(problems, d.parse())
		m.documents = append(m.documents, d)
	}
	return m, errors.Join(problems...)
}

// Objects returns the number of Kubernetes objects.
func (m *Manifest) Objects() int {
	n := 0
	for _, d := range m.documents {
		n += d.objects
	}
	return n
}

// Pods returns the pods and pod templates in order.
func (m *Manifest) Pods() []*Pod {
	var pods []*Pod
	for _, d := range m.documents {
		pods = append(pods, d.pods...)
	}
	return pods
}

// Namespaces returns the Namespace objects in order.
func (m *Manifest) Namespaces() []Namespace {
	var list []Namespace
	for _, d := range m.documents {
		list = append(list, d.namespaces...)
	}
	return list
}

// ConfigMaps returns the ConfigMap objects in order.
func (m *Manifest) ConfigMaps() []ConfigMap {
	var list []ConfigMap
	for _, d := range m.documents {
		list = append(list, d.configMaps...)
	}
	return list
}

// Notes returns remarks on how the stream was read, each with file and line.
func (m *Manifest) Notes() []string {
	var list []string
	for _, d := range m.documents {
		list = append(list, d.notes...)
	}
	return list
}

// Bytes returns the stream with the pods' patches: its text with Edits.
func (m *Manifest) Bytes() ([]byte, error) {
	edits, err := m.Edits()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(m.bom)
	for _, d := range m.documents {
		b.WriteString(d.text)
	}
	return []byte(applyEdits(b.String(), edits)), nil
}

// Patched returns a text of one document, which has a kind, with a JSON Patch (RFC 6902); name is used in errors.
func Patched(name string, data, patch []byte) ([]byte, error) {
	m, err := parseOne(name, data)
	if err != nil {
		return nil, err
	}
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, fmt.Errorf("%s: read patch: %w", name, err)
	}
	m.documents[0].patch = operations
	return m.Bytes()
}

// Renamed returns a text of one document, which has a kind, with new names for keys of a mapping at the top level; name is
// used in errors.
func Renamed(name string, data []byte, mapping string, names map[string]string) ([]byte, error) {
	m, err := parseOne(name, data)
	if err != nil {
		return nil, err
	}
	d := m.documents[0]
	s := newSource(d.text)
	_, n := lookup(d.root.Content[0], mapping)
	var edits []Edit
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		to, found := names[key.Value]
		if !found {
			continue
		}
		start, end, ok := s.span(key)
		if !ok || key.Style != 0 {
			return nil, d.errorf(key.Line, "%s.%s: write the key without quotes, anchors and tags, so that it can be renamed", mapping, key.Value)
		}
		edits = append(edits, Edit{start, end, to})
	}
	return []byte(m.bom + applyEdits(d.text, edits)), nil
}

func parseOne(name string, data []byte) (*Manifest, error) {
	m, err := Parse(name, data)
	if err == nil && (len(m.documents) != 1 || m.documents[0].json == nil) {
		err = fmt.Errorf("%s: it is not one document with a kind", name)
	}
	return m, err
}

// Patch adds a JSON Patch (RFC 6902) with paths that start with the pod's Pointer.
func (p *Pod) Patch(patch []byte) error {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return p.document.errorf(p.Line, "read patch of %s %s: %w", p.Kind, p.Name, err)
	}
	p.document.patch = append(p.document.patch, operations...)
	return nil
}

func (d *document) parse() error {
	source := d.source()
	dec := yaml.NewDecoder(strings.NewReader(source))
	switch err := dec.Decode(&d.root); {
	case err == io.EOF:
		return nil
	case err != nil:
		return d.syntax(err)
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return d.errorf(d.chunk.line, "read document: text follows its end; separate documents by a line \"---\"")
	}
	if !d.manifestLike() {
		return nil
	}
	d.noteDuplicates(&d.root)
	converted, err := kyaml.YAMLToJSON([]byte(source))
	if err != nil {
		return d.syntax(err)
	}
	d.json = converted
	return d.find(converted, "", object{}, 0)
}

// manifestLike reports whether a document has a kind; documents without one may be any YAML.
func (d *document) manifestLike() bool {
	if len(d.root.Content) == 0 || d.root.Content[0].Kind != yaml.MappingNode {
		return false
	}
	_, kind := lookup(d.root.Content[0], "kind")
	return kind != nil
}

// noteDuplicates records duplicate keys of a mapping. The last one counts, as with kubectl.
func (d *document) noteDuplicates(n *yaml.Node) {
	seen := map[string]*yaml.Node{}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode && child.ShortTag() != "!!merge" {
			if first := seen[child.Value]; first != nil {
				line := d.chunk.line - 1
				d.notef(line+child.Line, "key %q is already on line %d: the last one counts, as with kubectl; keep one", child.Value, line+first.Line)
			}
			seen[child.Value] = child
		}
		d.noteDuplicates(child)
	}
}

func (d *document) notef(line int, format string, args ...any) {
	d.notes = append(d.notes, d.errorf(line, format, args...).Error())
}

// source returns the text for the parsers, which support YAML 1.1 and reject a directive for 1.2.
func (d *document) source() string { return readable(d.text) }

func readable(text string) string {
	if !strings.Contains(text, "%YAML") {
		return text
	}
	starts := lineStarts(text)
	out := []byte(text)
	for i := range len(starts) - 1 {
		line := text[starts[i]:starts[i+1]]
		if marker(line, "---") {
			break
		}
		if strings.HasPrefix(line, "%YAML") {
			copy(out[starts[i]:], strings.Repeat(" ", len(strings.TrimRight(line, breaks))))
		}
	}
	return string(out)
}

// edits returns the changes that the patch makes to the document's text.
func (d *document) edits() ([]Edit, error) {
	if len(d.patch) == 0 {
		return nil, nil
	}
	if json.Valid([]byte(strings.TrimSpace(d.text))) {
		return editJSON(d)
	}
	options := jsonpatch.NewApplyOptions()
	options.EscapeHTML = false
	want, err := d.patch.ApplyWithOptions(d.json, options)
	if err != nil {
		return nil, err
	}
	return rewrite(d, want)
}

func (d *document) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{d.file, line}, args...)...)
}

var lineNumber = regexp.MustCompile(`\bline (\d+)(: )?`)

// syntax returns a parser's error with the line in the file at the start.
func (d *document) syntax(err error) error {
	message := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), "yaml: ")
	line := d.chunk.line
	if found := lineNumber.FindStringSubmatch(message); found != nil {
		n, _ := strconv.Atoi(found[1])
		message = strings.Replace(message, found[0], "", 1)
		line += n - 1
		if strings.HasPrefix(message, "did not find expected") {
			line++ // unlike the scanner, the parser counts lines from 0
		}
	}
	return d.errorf(line, "read YAML: %s", message)
}
