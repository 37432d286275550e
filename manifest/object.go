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
	Name       string // may be empty if the object has a generateName
	// Known is false for a kind that is unknown to this package, but has a pod template at spec.template.
	Known bool

	// Path is the JSON Pointer (RFC 6901) from the object to the pod: "" for a pod, "/spec/template", ….
	Path string
	// Pointer is the JSON Pointer from the document to the pod. It differs from Path in a List.
	Pointer string
	// JSON is the metadata and spec of the pod.
	JSON []byte

	document *document
}

// Namespace is a Namespace object.
type Namespace struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
}

// ConfigMap is a ConfigMap with the sorted keys of its data.
type ConfigMap struct {
	Namespace string // of the object; may be empty
	Name      string
	Keys      []string
}

// object is the identifying part of an object. Metadata stays raw: errors in it only matter for kinds that this
// package reads.
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

// maxDepth limits nested Lists.
const maxDepth = 10

// find collects the pods and namespaces of the object at a pointer. Items of a typed list (PodList) may omit
// their kind.
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
	case isPodTemplate(dig(raw, specTemplate)):
		path = specTemplate
		d.notef(line, "%s %s is unknown to Telepod; it counts as a workload, because its spec.template is a pod template", apiVersion, kind)
	default:
		return nil
	}
	pod := dig(raw, path)
	meta, err := d.readMetadata(raw, pointer, o)
	if err != nil || pod == nil {
		return err
	}
	if err := d.checkStrings(pod, pointer+path); err != nil {
		return err
	}
	d.pods = append(d.pods, &Pod{
		File: d.file, Line: line, APIVersion: apiVersion, Kind: kind, Known: known, Namespace: meta.Namespace, Name: meta.Name,
		Path: path, Pointer: pointer + path, JSON: pod, document: d,
	})
	return nil
}

// readMetadata reads the metadata of an object of a relevant kind.
func (d *document) readMetadata(raw json.RawMessage, pointer string, o object) (meta metadata, err error) {
	if o.Metadata == nil {
		return meta, nil
	}
	if err := d.checkStrings(raw, pointer); err != nil {
		return meta, err
	}
	if err := json.Unmarshal(o.Metadata, &meta); err != nil {
		return meta, d.errorf(d.lineOf(pointer), "read metadata of %s: %s", o.Kind, jsonProblem(err))
	}
	return meta, nil
}

// checkStrings returns an error for the first annotation or label of an object that is not a string, because the API
// server would reject it. This includes values that YAML reads as booleans (yes, on).
func (d *document) checkStrings(raw json.RawMessage, pointer string) error {
	var o struct {
		Metadata map[string]json.RawMessage `json:"metadata"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return nil // its reader reports more detail
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

// scalarKind returns the type of a JSON boolean or number.
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

// findConfigMap collects the keys of a ConfigMap, or none if it cannot be read.
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

// dig follows a pointer without escapes. It returns nil if the pointer leads nowhere or not to an object.
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

// jsonProblem describes a problem in the user's terms rather than Go's.
func jsonProblem(err error) string {
	if wrong, ok := err.(*json.UnmarshalTypeError); ok {
		if wrong.Field == "" {
			return "it is a " + wrong.Value
		}
		return fmt.Sprintf("%s is a %s, must be a %s; quote numbers and booleans", wrong.Field, wrong.Value, wrong.Type)
	}
	return err.Error()
}

// lineOf returns the line in the file of a pointer's target, or of the last part that exists.
func (d *document) lineOf(pointer string) int {
	n, _ := d.walk(pointer)
	return d.chunk.line + max(n.Line, 1) - 1
}

// node returns the target of a pointer, or nil.
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

// walk follows a pointer as far as possible; whole reports whether it reached the end.
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

// lookup finds the nodes of a mapping's member and its key; the last duplicate counts.
func lookup(n *yaml.Node, key string) (k, v *yaml.Node) {
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}
