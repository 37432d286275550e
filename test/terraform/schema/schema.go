package schema

// Document is the output of `terraform providers schema -json` for one provider.
type Document struct {
	FormatVersion string              `json:"format_version"`
	Version       string              `json:"provider_version"`
	Providers     map[string]Provider `json:"provider_schemas"`
}

// Provider contains the schemas of one provider.
type Provider struct {
	Provider    Schema            `json:"provider"`
	Resources   map[string]Schema `json:"resource_schemas"`
	DataSources map[string]Schema `json:"data_source_schemas"`
}

// Schema describes a resource, a data source or the provider's own block.
type Schema struct {
	Version int64 `json:"version"`
	Block   Block `json:"block"`
}

// Block has arguments and nested blocks.
type Block struct {
	Attributes map[string]Attribute   `json:"attributes,omitempty"`
	BlockTypes map[string]NestedBlock `json:"block_types,omitempty"`
}

// Attribute is an argument, or a computed attribute.
type Attribute struct {
	// Type is a type in Terraform's JSON notation: "string", ["list", "string"], ["object", {…}].
	Type       any         `json:"type,omitempty"`
	NestedType *NestedType `json:"nested_type,omitempty"`
	Required   bool        `json:"required,omitempty"`
	Optional   bool        `json:"optional,omitempty"`
	Computed   bool        `json:"computed,omitempty"`
	WriteOnly  bool        `json:"write_only,omitempty"`
}

// NestedType is the type of an attribute with elements that have their own schema.
type NestedType struct {
	Attributes  map[string]Attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

// NestedBlock is a block within a block.
type NestedBlock struct {
	NestingMode string `json:"nesting_mode"`
	Block       Block  `json:"block"`
	MinItems    int64  `json:"min_items,omitempty"`
	MaxItems    int64  `json:"max_items,omitempty"`
}

// objectType is the type of a value that has the block's attributes and blocks.
func (b Block) objectType() any {
	fields := map[string]any{}
	for name, a := range b.Attributes {
		fields[name] = a.valueType()
	}
	for name, n := range b.BlockTypes {
		mode := "list"
		if n.NestingMode == "set" {
			mode = "set"
		}
		fields[name] = []any{mode, n.Block.objectType()}
	}
	return []any{"object", fields}
}

func (a Attribute) valueType() any {
	if a.NestedType == nil {
		return a.Type
	}
	return collection(a.NestedType.NestingMode, Block{Attributes: a.NestedType.Attributes}.objectType())
}

func collection(nesting string, element any) any {
	if nesting == "single" {
		return element
	}
	return []any{nesting, element}
}

// vague reports whether a set of blocks has an attribute of unknown type, which Terraform forbids.
func (b Block) vague(inSet bool) bool {
	for _, a := range b.Attributes {
		if inSet && a.Type == "dynamic" {
			return true
		}
	}
	for _, n := range b.BlockTypes {
		if n.Block.vague(inSet || n.NestingMode == "set") {
			return true
		}
	}
	return false
}

// Only returns the document, limited to the named resource and data source types.
func (d Document) Only(names map[string]bool) Document {
	out := d
	out.Providers = map[string]Provider{}
	for address, p := range d.Providers {
		p.Resources, p.DataSources = only(p.Resources, names), only(p.DataSources, names)
		out.Providers[address] = p
	}
	return out
}

func only(all map[string]Schema, names map[string]bool) map[string]Schema {
	out := map[string]Schema{}
	for name, s := range all {
		if names[name] {
			out[name] = s
		}
	}
	return out
}
