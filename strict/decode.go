package strict

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

// MaxDepth is how deep values can be nested.
const MaxDepth = 32

// decoder converts YAML nodes to the values that encoding/json would write for a Go type. It records in its document
// the position of every value, and everything that the type does not allow.
type decoder struct {
	*Document
	depth int
}

// value returns nil for a value with a mistake, which it reports.
func (d decoder) value(node *yaml.Node, t reflect.Type, path string) any {
	d.Lines[path] = node.Line
	if d.depth++; d.depth > MaxDepth {
		d.Report(path, "is nested more than %d levels deep", MaxDepth)
		return nil
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case node.Kind == yaml.AliasNode:
		d.Report(path, "aliases (*%s) are not supported: write the value out", node.Value)
		return nil
	case t == reflect.TypeFor[resource.Quantity]():
		return d.quantity(node, path)
	}
	switch t.Kind() {
	case reflect.Interface:
		return d.anything(node, t, path)
	case reflect.Struct:
		return d.structure(node, t, path)
	case reflect.Map:
		return d.mapping(node, t, path)
	case reflect.Slice:
		return d.list(node, t, path)
	case reflect.String:
		return d.text(node, path)
	case reflect.Bool:
		return d.boolean(node, path)
	case reflect.Float64:
		return d.number(node, path)
	default:
		return d.integer(node, t, path)
	}
}

func (d decoder) structure(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind != yaml.MappingNode {
		return d.wrongType(node, path, "a mapping")
	}
	fields := fieldsOf(t)
	out := map[string]any{}
	d.eachKey(node, path, func(key, value *yaml.Node) {
		here := At(path, key.Value)
		field, ok := fields[key.Value]
		if !ok {
			d.ReportAt(key.Line, here, "unknown field%s", d.suggest(key.Value, fields))
			return
		}
		if value.ShortTag() == "!!null" && value.Kind == yaml.ScalarNode {
			return // written without a value: left out
		}
		if decoded := d.value(value, field, here); decoded != nil {
			out[key.Value] = decoded
		}
	})
	return out
}

func (d decoder) mapping(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind != yaml.MappingNode {
		return d.wrongType(node, path, "a mapping")
	}
	out := map[string]any{}
	d.eachKey(node, path, func(key, value *yaml.Node) {
		if here := At(path, key.Value); path == d.Removable && value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null" {
			d.Lines[here] = value.Line
			out[key.Value] = "" // removes the attribute
			return
		}
		if decoded := d.value(value, t.Elem(), At(path, key.Value)); decoded != nil {
			out[key.Value] = decoded
		}
	})
	return out
}

// eachKey visits the pairs of a mapping whose keys are strings, each key once.
func (d decoder) eachKey(node *yaml.Node, path string, visit func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			d.ReportAt(key.Line, path, "the key %s is not a string: put it in quotes", Describe(key))
			continue
		}
		if first, ok := seen[key.Value]; ok {
			d.ReportAt(key.Line, At(path, key.Value), "duplicate key, already on line %d: keep one", first)
			continue
		}
		seen[key.Value] = key.Line
		visit(key, value)
	}
}

func (d decoder) list(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind != yaml.SequenceNode {
		return d.wrongType(node, path, "a list")
	}
	out := []any{}
	for i, item := range node.Content {
		// An invalid item becomes an empty one, so later items keep their index.
		out = append(out, d.value(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

func (d decoder) text(node *yaml.Node, path string) any {
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str" {
		if node.Kind == yaml.ScalarNode && node.ShortTag() != "!!null" {
			return d.wrongType(node, path, "a string, so put it in quotes")
		}
		return d.wrongType(node, path, `a string ("" for an empty one)`)
	}
	if r, ok := ControlCharacter(node.Value); ok {
		d.Report(path, "contains the control character %U: remove it", r)
		return nil
	}
	if node.Style&yaml.LiteralStyle != 0 {
		d.Blocks[path] = node.Line
	}
	return node.Value
}

func (d decoder) boolean(node *yaml.Node, path string) any {
	var value bool
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!bool" || node.Decode(&value) != nil {
		return d.wrongType(node, path, "true or false")
	}
	return value
}

func (d decoder) integer(node *yaml.Node, t reflect.Type, path string) any {
	var value int64
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!int" || node.Decode(&value) != nil {
		return d.wrongType(node, path, "an integer")
	}
	if reflect.Zero(t).OverflowInt(value) {
		d.Report(path, "%d is out of range", value)
		return nil
	}
	return json.Number(fmt.Sprint(value))
}

func (d decoder) number(node *yaml.Node, path string) any {
	var value float64
	if tag := node.ShortTag(); node.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || node.Decode(&value) != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return d.wrongType(node, path, "a number")
	}
	return value
}

// anything decodes a value of any type, such as a chart's.
func (d decoder) anything(node *yaml.Node, t reflect.Type, path string) any {
	switch node.Kind {
	case yaml.MappingNode:
		return d.mapping(node, reflect.MapOf(reflect.TypeFor[string](), t), path)
	case yaml.SequenceNode:
		return d.list(node, reflect.SliceOf(t), path)
	}
	switch node.ShortTag() {
	case "!!null":
		return json.RawMessage("null")
	case "!!bool":
		return d.boolean(node, path)
	case "!!int":
		return d.integer(node, reflect.TypeFor[int64](), path)
	case "!!float":
		return d.number(node, path)
	default:
		return d.text(node, path)
	}
}

func (d decoder) quantity(node *yaml.Node, path string) any {
	if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" {
		return d.wrongType(node, path, "a quantity such as 100m or 64Mi")
	}
	if _, err := resource.ParseQuantity(node.Value); err != nil {
		d.Report(path, "%q is not a quantity: write a number with a unit such as 100m (CPU) or 64Mi (memory)", node.Value)
		return nil
	}
	return node.Value
}

func (d decoder) wrongType(node *yaml.Node, path, want string) any {
	d.Report(path, "is %s, must be %s", Describe(node), want)
	return nil
}

func (d decoder) suggest(word string, fields map[string]reflect.Type) string {
	if d.Suggest == nil {
		return ""
	}
	return d.Suggest(word, slices.Sorted(maps.Keys(fields)))
}

// Fields returns the names of a struct's fields in documents, in alphabetical order.
func Fields(t reflect.Type) []string { return slices.Sorted(maps.Keys(fieldsOf(t))) }

// fieldsOf returns the JSON fields of a struct, including those of embedded structs.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range t.Fields() {
		name := jsonName(field)
		switch {
		case field.Anonymous && name == "":
			for inner, t := range fieldsOf(field.Type) {
				fields[inner] = t
			}
		case name != "" && name != "-":
			fields[name] = field.Type
		}
	}
	return fields
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// ControlCharacter returns the first control character, which must not be in a variable or a name.
func ControlCharacter(text string) (rune, bool) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return r, true
		}
	}
	return 0, false
}
