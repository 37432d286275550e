package estate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/golden"
)

// field is a field of a struct, as documented.
type field struct {
	name, of, meaning string
	optional          bool
}

// TestReference compares the tables of docs/estate.md and schema.json with the types.
func TestReference(t *testing.T) {
	const file, begin, end = "../docs/estate.md", "<!-- fields -->\n", "<!-- end of fields -->"
	structs := fieldsByStruct(t)
	var tables strings.Builder
	for _, part := range [][2]string{{"Estate", "the file"}, {"Chart", "`chart`"}, {"Certificates", "`certificates`"},
		{"Sites", "`sites`"}, {"Site", "a site"}, {"Stores", "`stores`"}, {"Archive", "`archive`"},
		{"Cluster", "a cluster"}, {"Identity", "`identity`"}, {"Rule", "a residency rule"}} {
		fmt.Fprintf(&tables, "\n### Fields of %s\n\n| field | type | meaning |\n|---|---|---|\n", part[1])
		for _, f := range structs[part[0]] {
			required := ", required"
			if f.optional {
				required = ""
			}
			fmt.Fprintf(&tables, "| `%s` | %s%s | %s |\n", f.name, typeName(f.of), required, f.meaning)
		}
	}
	golden.Section(t, file, begin, end, tables.String()+"\n")

	schema := object(structs, "Estate")
	schema["$schema"], schema["title"] = "http://json-schema.org/draft-07/schema#", "Telepod estate"
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "schema.json", b.String())
}

func fieldsByStruct(t *testing.T) map[string][]field {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "estate.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string][]field{}
	for _, decl := range parsed.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.TYPE {
			continue
		}
		spec := d.Specs[0].(*ast.TypeSpec)
		list, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range list.Fields.List {
			if f.Tag == nil {
				continue
			}
			name, options, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
			meaning := strings.Join(strings.Fields(f.Doc.Text()), " ")
			structs[spec.Name.Name] = append(structs[spec.Name.Name], field{name, types.ExprString(f.Type),
				strings.Replace(meaning, f.Names[0].Name+" ", "`"+name+"` ", 1), strings.HasPrefix(options, "omitempty")})
		}
	}
	return structs
}

func typeName(of string) string {
	switch of = strings.TrimPrefix(of, "*"); {
	case strings.HasPrefix(of, "[]"):
		return "list of " + strings.Replace(typeName(of[2:]), "mapping, see below", "mappings, see below", 1)
	case of == "bool":
		return "boolean"
	case of == "map[string]any":
		return "chart values"
	case of == "string":
		return of
	}
	return "mapping, see below"
}

// object returns the schema of a struct.
func object(structs map[string][]field, name string) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range structs[name] {
		property := property(structs, f.of)
		property["description"] = strings.ReplaceAll(f.meaning, "`", "")
		properties[f.name] = property
		if !f.optional {
			required = append(required, f.name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func property(structs map[string][]field, of string) map[string]any {
	switch of = strings.TrimPrefix(of, "*"); {
	case strings.HasPrefix(of, "[]"):
		return map[string]any{"type": "array", "items": property(structs, of[2:])}
	case of == "bool":
		return map[string]any{"type": "boolean"}
	case of == "string":
		return map[string]any{"type": "string"}
	case of == "map[string]any":
		return map[string]any{"type": "object"}
	}
	return object(structs, of)
}
