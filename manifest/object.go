package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Pod is a pod, or the pod template of a workload.
type Pod struct {
	File string
	Line int // of the object, from 1

	APIVersion string
	Kind       string // of the object: Pod, Deployment, …
	Namespace  string // of the object; may be empty
	Name       string // may be empty where the object has a generateName
	// Known is false for a kind that this package does not know, which has a pod template at spec.template.
	Known bool

	// Path leads from the object to the pod (RFC 6901): "" for a pod, "/spec/template", ….
	Path string
	// Pointer leads from the document to the pod; it differs from Path in a List.
	Pointer string
	// JSON is the pod: metadata and spec.
	JSON []byte

	document *document
}

// Namespace is a Namespace object.
type Namespace struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
}

// ConfigMap is a ConfigMap by the keys of its data, sorted.
type ConfigMap struct {
	Namespace string // of the object; may be empty
	Name      string
	Keys      []string
}

// object is the part of an object that identifies it. Metadata stays raw: its mistakes matter only
// in kinds that this package looks into.
type object struct {
	APIVersion any             `json:"apiVersion"`
	Kind       any             `json:"kind"`
	Metadata   json.RawMessage `json:"metadata"`
	Items      json.RawMessage `json:"items"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// maxDepth bounds Lists of Lists.
const maxDepth = 10

// find collects the pods and namespaces of an object at a pointer of the document. An item of a
// typed list (PodList) may leave its kind to the list.
func (d *document) find(raw []byte, pointer string, implied object, depth int) error {
	o := implied
	if json.Unmarshal(raw, &o) != nil {
		return nil // not an object, so not a manifest
	}
	apiVersion, ok := o.APIVersion.(string)
	kind, _ := o.Kind.(string)
	if !ok || kind == "" {
		return nil
	}
	d.objects++
	line := d.lineOf(pointer)
	if strings.HasSuffix(kind, "List") && o.Items != nil && depth < maxDepth {
		return d.findItems(o, pointer, depth)
	}
	path, known := templatePath(apiVersion, kind)
	switch {
	case known:
	case apiVersion == "v1" && kind == "Namespace":
		meta, err := d.readMetadata(raw, pointer, o)
		d.namespaces = append(d.namespaces, Namespace{meta.Name, meta.Labels, meta.Annotations})
		return err
	case apiVersion == "v1" && kind == "ConfigMap":
		d.findConfigMap(raw)
		return nil
	case likePodTemplate(dig(raw, specTemplate)):
		path = specTemplate
		d.notef(line, "%s %s is not a kind that Telepod knows; it is read as a workload, as its spec.template is a pod template", apiVersion, kind)
	default:
		return nil
	}
	pod := dig(raw, path)
	meta, err := d.readMetadata(raw, pointer, o)
	if err != nil || pod == nil {
		return err
	}
	if err := d.quoted(pod, pointer+path); err != nil {
		return err
	}
	d.pods = append(d.pods, &Pod{
		File: d.file, Line: line, APIVersion: apiVersion, Kind: kind, Known: known, Namespace: meta.Namespace, Name: meta.Name,
		Path: path, Pointer: pointer + path, JSON: pod, document: d,
	})
	return nil
}

// readMetadata reads the metadata of an object whose kind matters.
func (d *document) readMetadata(raw json.RawMessage, pointer string, o object) (meta metadata, err error) {
	if o.Metadata == nil {
		return meta, nil
	}
	if err := d.quoted(raw, pointer); err != nil {
		return meta, err
	}
	if err := json.Unmarshal(o.Metadata, &meta); err != nil {
		return meta, d.errorf(d.lineOf(pointer), "read metadata of %s: %s", o.Kind, jsonProblem(err))
	}
	return meta, nil
}

// quoted finds the first annotation or label of an object, which stands at a pointer, that is something
// other than a string: the API server refuses it. What YAML takes for a boolean (yes, on) is one of them.
func (d *document) quoted(raw json.RawMessage, pointer string) error {
	var o struct {
		Metadata map[string]json.RawMessage `json:"metadata"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return nil // its reader reports more
	}
	for _, what := range []string{"annotation", "label"} {
		var values map[string]json.RawMessage
		n := d.node(pointer + "/metadata/" + what + "s")
		if json.Unmarshal(o.Metadata[what+"s"], &values) != nil || n == nil || n.Kind != yaml.MappingNode {
			continue
		}
		for i := 1; i < len(n.Content); i += 2 {
			key, value := n.Content[i-1], n.Content[i]
			if is := scalarKind(values[key.Value]); is != "" && value.Kind == yaml.ScalarNode {
				return d.errorf(d.chunk.line+value.Line-1, "%s %s: %s is a %s, and must be a string: quote it: %q",
					what, key.Value, value.Value, is, value.Value)
			}
		}
	}
	return nil
}

// scalarKind names what a JSON value is, if it is a boolean or a number.
func scalarKind(raw json.RawMessage) string {
	switch {
	case len(raw) == 0:
		return ""
	case raw[0] == 't', raw[0] == 'f':
		return "boolean"
	case raw[0] == '-', raw[0] >= '0' && raw[0] <= '9':
		return "number"
	}
	return ""
}

// findConfigMap collects the keys of a ConfigMap; one that cannot be read has none.
func (d *document) findConfigMap(raw []byte) {
	var c struct {
		Metadata metadata                   `json:"metadata"`
		Data     map[string]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(raw, &c) == nil {
		d.configMaps = append(d.configMaps, ConfigMap{c.Metadata.Namespace, c.Metadata.Name, slices.Sorted(maps.Keys(c.Data))})
	}
}

func (d *document) findItems(list object, pointer string, depth int) error {
	var items []json.RawMessage
	if err := json.Unmarshal(list.Items, &items); err != nil {
		return d.errorf(d.lineOf(pointer), "read %s: items must be a list", list.Kind)
	}
	implied := object{}
	if kind := strings.TrimSuffix(list.Kind.(string), "List"); kind != "" {
		implied = object{APIVersion: list.APIVersion, Kind: kind}
	}
	for i, item := range items {
		if err := d.find(item, fmt.Sprintf("%s/items/%d", pointer, i), implied, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// dig follows a pointer whose parts need no unescaping; nil where it leads nowhere or to no object.
func dig(raw json.RawMessage, path string) json.RawMessage {
	for key := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if key == "" {
			break
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return nil
		}
		raw = members[key]
	}
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	return raw
}

// jsonProblem states what is wrong in the user's terms, without Go's.
func jsonProblem(err error) string {
	if wrong, ok := err.(*json.UnmarshalTypeError); ok {
		if wrong.Field == "" {
			return "it is a " + wrong.Value
		}
		return fmt.Sprintf("%s is a %s, must be a %s; quote numbers and booleans", wrong.Field, wrong.Value, wrong.Type)
	}
	return err.Error()
}

// lineOf is the line of what a pointer leads to, in the file; of the last part that exists.
func (d *document) lineOf(pointer string) int {
	n, _ := d.walk(pointer)
	return d.chunk.line + max(n.Line, 1) - 1
}

// node is what a pointer leads to, or nil.
func (d *document) node(pointer string) *yaml.Node {
	n, whole := d.walk(pointer)
	if !whole {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// walk follows a pointer as far as it leads; whole reports whether that is all of it.
func (d *document) walk(pointer string) (n *yaml.Node, whole bool) {
	n = &d.root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if part == "" {
			continue
		}
		next := step(n, part)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

func step(n *yaml.Node, part string) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	var i int
	switch {
	case n.Kind == yaml.MappingNode:
		_, v := lookup(n, part)
		return v
	case n.Kind == yaml.SequenceNode:
		if _, err := fmt.Sscan(part, &i); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// lookup finds the node of a mapping's member, and of its key; of duplicates the last, which counts.
func lookup(n *yaml.Node, key string) (k, v *yaml.Node) {
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}
