package schema

import (
	"regexp"
	"strings"
)

// converter converts a provider's sources to schemas.
type converter struct {
	// nestedAttributes is set for providers that use attributes (`set = [{…}]`), not blocks (`set {…}`), for nested
	// objects.
	nestedAttributes bool
}

// shape is the inferred form of a member: a plain type, or elements with their own members.
type shape struct {
	plain    any
	elements Block
	nesting  string // for elements: single, list, set or map
	block    bool   // elements are a block, not an attribute
	single   bool   // at most one element
}

var (
	plainMap      = regexp.MustCompile(`new cdktf\.(String|Number|Boolean|Any)Map(List)?\(`)
	plainMapGet   = regexp.MustCompile(`get(String|Number|Boolean|Any)MapAttribute\(`)
	plainListGet  = regexp.MustCompile(`(Fn\.tolist\()?this\.get(Number)?ListAttribute\(`)
	plainGet      = regexp.MustCompile(`this\.get(String|Number|Boolean)Attribute\(`)
	plainStorage  = regexp.MustCompile(`^(string|number|boolean|any)(List|Map)?$`)
	elementsGet   = regexp.MustCompile(`new (\w+?)(List|MapList|Map|OutputReference)\(this, "\w+"(?:, (true|false))?\)`)
	elementsWrite = regexp.MustCompile(`(\w+?)ToHclTerraform`)
	blockWrite    = regexp.MustCompile(`listMapperHcl\(.*, true\)`)
)

var primitives = map[string]string{"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}

func primitive(word string) string { return primitives[strings.ToLower(word)] }

// schema converts the resource, data source or provider of a source.
func (c converter) schema(s source) Schema { return Schema{Block: c.class(s, s.main)} }

func (c converter) class(s source, name string) Block {
	out := Block{Attributes: map[string]Attribute{}, BlockTypes: map[string]NestedBlock{}}
	written := s.classes[name].written
	if name != s.main {
		written = s.written[strings.ToLower(strings.TrimSuffix(name, "OutputReference"))]
	}
	for _, m := range s.classes[name].members {
		if s.kind == "TerraformProvider" && m.name == "alias" {
			continue // meta-argument
		}
		e, settable := written[m.name]
		c.add(&out, m, c.shape(s, m, e, settable))
	}
	return out
}

// shape infers a member's form from its accessors and from the entry that writes it. The accessors come
// first: they distinguish sets from lists, while the entry distinguishes blocks from attributes.
func (c converter) shape(s source, m member, e entry, settable bool) shape {
	if found := plainMap.FindStringSubmatch(m.code); found != nil {
		var t any = []any{"map", primitive(found[1])}
		if found[2] != "" {
			t = []any{"list", t}
		}
		return shape{plain: t}
	}
	if found := elementsGet.FindStringSubmatch(m.code); found != nil {
		nesting := "single"
		switch {
		case found[2] == "List" && found[3] == "true":
			nesting = "set"
		case found[2] == "List":
			nesting = "list"
		case found[2] == "Map":
			nesting = "map"
		case settable && e.shape != "struct":
			nesting = e.shape
		}
		return c.nested(s, m, e, shape{elements: c.class(s, found[1]+"OutputReference"), nesting: nesting, block: settable})
	}
	if t := plainType(m, e); t != nil {
		return shape{plain: t}
	}
	if found := elementsWrite.FindStringSubmatch(e.value); found != nil && e.shape != "simple" {
		nesting := e.shape
		if nesting == "struct" {
			nesting = "single"
		}
		return c.nested(s, m, e, shape{elements: c.function(s, found[1]), nesting: nesting, block: settable})
	}
	return shape{plain: "dynamic"}
}

// nested decides whether settable elements are a block or an attribute.
func (c converter) nested(s source, m member, e entry, found shape) shape {
	reference := strings.Contains(m.code, "OutputReference(")
	found.single = (reference || e.shape == "struct") && m.name != "timeouts"
	list := e.shape != "struct" && found.nesting != "single" && reference
	found.block = found.block && !c.nestedAttributes &&
		(blockWrite.MatchString(e.value) || list || m.name == "timeouts" || s.kind == "TerraformProvider")
	return found
}

func plainType(m member, e entry) any {
	if found := plainMapGet.FindStringSubmatch(m.code); found != nil {
		return []any{"map", primitive(found[1])}
	}
	if found := plainListGet.FindStringSubmatch(m.code); found != nil {
		element := "string"
		if found[2] != "" {
			element = "number"
		}
		if found[1] != "" {
			return []any{"set", element}
		}
		return []any{"list", element}
	}
	if found := plainGet.FindStringSubmatch(m.code); found != nil {
		return primitive(found[1])
	}
	return writtenType(e)
}

// writtenType is the type of an entry without elements, or nil.
func writtenType(e entry) any {
	found := plainStorage.FindStringSubmatch(e.storage)
	if found == nil {
		return nil
	}
	if e.shape == "simple" {
		return primitive(found[1])
	}
	return []any{e.shape, primitive(found[1])}
}

// add adds a member to a block.
func (c converter) add(out *Block, m member, found shape) {
	if found.block {
		out.BlockTypes[m.name] = nestedBlock(m, found)
		return
	}
	a := Attribute{Required: m.required, Optional: m.optional, Computed: m.computed, WriteOnly: strings.HasSuffix(m.name, "_wo")}
	switch {
	case found.plain != nil:
		a.Type = found.plain
	case c.nestedAttributes && (m.required || m.optional):
		a.NestedType = &NestedType{Attributes: found.elements.Attributes, NestingMode: found.nesting}
	default:
		a.Type = collection(found.nesting, found.elements.objectType())
	}
	out.Attributes[m.name] = a
}

func nestedBlock(m member, found shape) NestedBlock {
	n := NestedBlock{NestingMode: found.nesting, Block: found.elements}
	switch {
	case m.name == "timeouts":
		n.NestingMode = "single"
	case n.NestingMode == "single":
		n.NestingMode = "list"
	}
	if m.required {
		n.MinItems = 1
	}
	if found.single {
		n.MaxItems = 1
	}
	return n
}

// function converts a structure without a class, such as those in a provider's block. Its function has the
// types; its interface shows what is optional.
func (c converter) function(s source, name string) Block {
	for class := range s.classes {
		if strings.EqualFold(class, name+"OutputReference") {
			return c.class(s, class)
		}
	}
	out := Block{Attributes: map[string]Attribute{}, BlockTypes: map[string]NestedBlock{}}
	fields := interfaceOf(s.text, name)
	for argument, e := range s.written[strings.ToLower(name)] {
		m := member{name: argument, optional: strings.Contains(fields, "readonly "+camel(argument)+"?:")}
		m.required = !m.optional
		if t := writtenType(e); t != nil {
			c.add(&out, m, shape{plain: t})
			continue
		}
		found := elementsWrite.FindStringSubmatch(e.value)
		if found == nil {
			c.add(&out, m, shape{plain: "dynamic"})
			continue
		}
		nesting, single := e.shape, e.shape == "struct"
		if single {
			nesting = "single"
		}
		c.add(&out, m, shape{elements: c.function(s, found[1]), nesting: nesting, single: single, block: !c.nestedAttributes})
	}
	return out
}

func interfaceOf(text, name string) string {
	start := regexp.MustCompile(`(?i)\nexport interface ` + name + ` \{`).FindStringIndex(text)
	if start == nil {
		return ""
	}
	body, _, _ := strings.Cut(text[start[1]:], "\n}")
	return body
}

func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}
