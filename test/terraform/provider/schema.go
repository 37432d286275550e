package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// document is the output of `terraform providers schema -json`.
type document struct {
	Providers map[string]schemas `json:"provider_schemas"`
}

type schemas struct {
	Provider    schema            `json:"provider"`
	Resources   map[string]schema `json:"resource_schemas"`
	DataSources map[string]schema `json:"data_source_schemas"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes map[string]attribute   `json:"attributes"`
	BlockTypes map[string]nestedBlock `json:"block_types"`
}

type attribute struct {
	Type       json.RawMessage `json:"type"`
	NestedType *nestedType     `json:"nested_type"`
	Required   bool            `json:"required"`
	Optional   bool            `json:"optional"`
	Computed   bool            `json:"computed"`
	WriteOnly  bool            `json:"write_only"`
}

type nestedType struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

type nestedBlock struct {
	NestingMode string `json:"nesting_mode"`
	Block       block  `json:"block"`
	MinItems    int64  `json:"min_items"`
	MaxItems    int64  `json:"max_items"`
}

func convertAll(all map[string]schema) (map[string]*tfprotov6.Schema, error) {
	out := map[string]*tfprotov6.Schema{}
	for name, s := range all {
		converted, err := s.convert()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = converted
	}
	return out, nil
}

func (s schema) convert() (*tfprotov6.Schema, error) {
	b, err := s.Block.convert()
	return &tfprotov6.Schema{Version: s.Version, Block: b}, err
}

func (b block) convert() (*tfprotov6.SchemaBlock, error) {
	attributes, err := convertAttributes(b.Attributes)
	if err != nil {
		return nil, err
	}
	out := &tfprotov6.SchemaBlock{Attributes: attributes}
	for _, name := range slices.Sorted(maps.Keys(b.BlockTypes)) {
		n := b.BlockTypes[name]
		inner, err := n.Block.convert()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		mode, found := blockNesting(n.NestingMode)
		if !found {
			return nil, fmt.Errorf("%s: nesting mode %q", name, n.NestingMode)
		}
		out.BlockTypes = append(out.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Block: inner, Nesting: mode, MinItems: n.MinItems, MaxItems: n.MaxItems,
		})
	}
	return out, nil
}

func convertAttributes(all map[string]attribute) ([]*tfprotov6.SchemaAttribute, error) {
	var out []*tfprotov6.SchemaAttribute
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := all[name]
		converted := &tfprotov6.SchemaAttribute{
			Name: name, Required: a.Required, Optional: a.Optional, Computed: a.Computed, WriteOnly: a.WriteOnly,
		}
		if err := a.fill(converted); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, converted)
	}
	return out, nil
}

// fill sets the type, of either kind.
func (a attribute) fill(out *tfprotov6.SchemaAttribute) (err error) {
	if a.NestedType == nil {
		out.Type, err = parseType(a.Type)
		return err
	}
	mode, found := objectNesting(a.NestedType.NestingMode)
	if !found {
		return fmt.Errorf("nesting mode %q", a.NestedType.NestingMode)
	}
	attributes, err := convertAttributes(a.NestedType.Attributes)
	out.NestedType = &tfprotov6.SchemaObject{Attributes: attributes, Nesting: mode}
	return err
}

func blockNesting(mode string) (tfprotov6.SchemaNestedBlockNestingMode, bool) {
	switch mode {
	case "single":
		return tfprotov6.SchemaNestedBlockNestingModeSingle, true
	case "list":
		return tfprotov6.SchemaNestedBlockNestingModeList, true
	case "set":
		return tfprotov6.SchemaNestedBlockNestingModeSet, true
	case "map":
		return tfprotov6.SchemaNestedBlockNestingModeMap, true
	}
	return 0, false
}

func objectNesting(mode string) (tfprotov6.SchemaObjectNestingMode, bool) {
	switch mode {
	case "single":
		return tfprotov6.SchemaObjectNestingModeSingle, true
	case "list":
		return tfprotov6.SchemaObjectNestingModeList, true
	case "set":
		return tfprotov6.SchemaObjectNestingModeSet, true
	case "map":
		return tfprotov6.SchemaObjectNestingModeMap, true
	}
	return 0, false
}
