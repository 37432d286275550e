package profiles

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

// strict turns YAML nodes into what encoding/json would write for a Go type, and notes in its
// document where every value stands and everything that the type does not allow. Decoders stop at
// their first mistake or know no lines; this one does neither.
//
// Anchors and aliases are refused: profiles share by inheritance, and so no file can unfold into
// more than it holds.
type strict struct{ *document }

// attributesPath is the mapping in which a null means something: it removes an attribute.
const attributesPath = "resourceAttributes"

// value returns nil for what it had to report.
func (s strict) value(node *yaml.Node, t reflect.Type, path string) any {
	s.lines[path] = node.Line
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case node.Kind == yaml.AliasNode:
		s.report(path, "aliases (*%s) are not supported: write the value out, or inherit it from a profile", node.Value)
		return nil
	case t == reflect.TypeFor[resource.Quantity]():
		return s.quantity(node, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.structure(node, t, path)
	case reflect.Map:
		return s.mapping(node, t, path)
	case reflect.Slice:
		return s.list(node, t, path)
	case reflect.String:
		return s.text(node, path)
	case reflect.Bool:
		return s.boolean(node, path)
	default:
		return s.integer(node, t, path)
	}
}

func (s strict) structure(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind != yaml.MappingNode {
		return s.wrongType(node, path, "a mapping")
	}
	fields := fieldsOf(t)
	out := map[string]any{}
	s.eachKey(node, path, func(key, value *yaml.Node) {
		here := at(path, key.Value)
		field, ok := fields[key.Value]
		if !ok {
			s.reportAt(key.Line, here, "unknown field%s", s.suggestField(key.Value, fields))
			return
		}
		if value.ShortTag() == "!!null" && value.Kind == yaml.ScalarNode {
			return // written without a value: left out
		}
		if decoded := s.value(value, field, here); decoded != nil {
			out[key.Value] = decoded
		}
	})
	return out
}

func (s strict) mapping(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind != yaml.MappingNode {
		return s.wrongType(node, path, "a mapping")
	}
	out := map[string]any{}
	s.eachKey(node, path, func(key, value *yaml.Node) {
		if here := at(path, key.Value); path == attributesPath && value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null" {
			s.lines[here] = value.Line
			out[key.Value] = "" // removes the attribute
			return
		}
		if decoded := s.value(value, t.Elem(), at(path, key.Value)); decoded != nil {
			out[key.Value] = decoded
		}
	})
	return out
}

// eachKey visits the pairs of a mapping whose keys are strings, each key once.
func (s strict) eachKey(node *yaml.Node, path string, visit func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			s.reportAt(key.Line, path, "the key %s is no string: put it in quotes", describe(key))
			continue
		}
		if first, ok := seen[key.Value]; ok {
			s.reportAt(key.Line, at(path, key.Value), "duplicate key, already on line %d: keep one", first)
			continue
		}
		seen[key.Value] = key.Line
		visit(key, value)
	}
}

func (s strict) list(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind != yaml.SequenceNode {
		return s.wrongType(node, path, "a list")
	}
	out := []any{}
	for i, item := range node.Content {
		// What could not be read stays as an empty item, so that later ones keep their number.
		out = append(out, s.value(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

func (s strict) text(node *yaml.Node, path string) any {
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str" {
		if node.Kind == yaml.ScalarNode && node.ShortTag() != "!!null" {
			return s.wrongType(node, path, "a string, so put it in quotes")
		}
		return s.wrongType(node, path, `a string ("" for an empty one)`)
	}
	if r, ok := controlCharacter(node.Value); ok {
		s.report(path, "contains the control character %U: remove it", r)
		return nil
	}
	if node.Style&yaml.LiteralStyle != 0 {
		s.blocks[path] = node.Line
	}
	return node.Value
}

func (s strict) boolean(node *yaml.Node, path string) any {
	var value bool
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!bool" || node.Decode(&value) != nil {
		return s.wrongType(node, path, "true or false")
	}
	return value
}

func (s strict) integer(node *yaml.Node, t reflect.Type, path string) any {
	var value int64
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!int" || node.Decode(&value) != nil {
		return s.wrongType(node, path, "an integer")
	}
	if reflect.Zero(t).OverflowInt(value) {
		s.report(path, "%d is out of range", value)
		return nil
	}
	return json.Number(fmt.Sprint(value))
}

func (s strict) quantity(node *yaml.Node, path string) any {
	if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" {
		return s.wrongType(node, path, "a quantity such as 100m or 64Mi")
	}
	if _, err := resource.ParseQuantity(node.Value); err != nil {
		s.report(path, "%q is no quantity: write a number with a unit such as 100m (CPU) or 64Mi (memory)", node.Value)
		return nil
	}
	return node.Value
}

func (s strict) wrongType(node *yaml.Node, path, want string) any {
	s.report(path, "is %s, must be %s", describe(node), want)
	return nil
}

// suggestField names the field that was probably meant: one of the same name in another part of the
// profile (cloud.region is written identity.region), or a similar one at this place.
func (s strict) suggestField(word string, fields map[string]reflect.Type) string {
	profile := reflect.TypeFor[Profile]()
	for field := range profile.Fields() {
		if field.Type.PkgPath() != profile.PkgPath() || field.Type.Kind() != reflect.Struct {
			continue
		}
		if _, ok := fieldsOf(field.Type)[word]; ok {
			return fmt.Sprintf(" (did you mean %q?)", jsonName(field)+"."+word)
		}
	}
	return didYouMean(word, slices.Collect(maps.Keys(fields)))
}

// fieldsOf lists the JSON fields of a struct, those of embedded structs included.
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

// describe names what a node is, for people.
func describe(node *yaml.Node) string {
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

// controlCharacter finds a character that has no place in a variable or a name.
func controlCharacter(text string) (rune, bool) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return r, true
		}
	}
	return 0, false
}

// at is the path of what a mapping holds under a key. Keys that are no single word stand in brackets.
func at(path, key string) string {
	switch {
	case key == "" || strings.ContainsAny(key, ".[], "):
		return path + "[" + key + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}
