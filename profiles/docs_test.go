package profiles_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/golden"
)

// TestDocs compares the tables of docs/profiles.md with the comments in profile.go and the profile
// base; -update writes them.
func TestDocs(t *testing.T) {
	const file, begin, end = "../docs/profiles.md", "<!-- begin fields -->\n", "<!-- end fields -->"
	golden.Section(t, file, begin, end, fieldTables(t))
}

// fieldTables returns a table for the profile and one for each of its parts.
func fieldTables(t *testing.T) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "profile.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string]*ast.StructType{}
	for _, decl := range parsed.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
			if spec := d.Specs[0].(*ast.TypeSpec); spec != nil {
				structs[spec.Name.Name], _ = spec.Type.(*ast.StructType)
			}
		}
	}
	base, err := json.Marshal(lookup(t, mustLoad(t), "base").Profile)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(base, &values); err != nil {
		t.Fatal(err)
	}
	tables := fieldTable("the profile", structs["Profile"], values)
	for _, field := range structs["Profile"].Fields.List {
		if part := structs[types.ExprString(field.Type)]; part != nil {
			inner, _ := values[jsonName(field)].(map[string]any)
			tables += fieldTable("`"+jsonName(field)+"`", part, inner)
		}
	}
	return tables + "\n"
}

func fieldTable(title string, of *ast.StructType, values map[string]any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### Fields of %s\n\n| field | type | in `base` | meaning |\n|---|---|---|---|\n", title)
	for _, field := range of.Fields.List {
		meaning := strings.Join(strings.Fields(field.Doc.Text()), " ")
		meaning = strings.Replace(meaning, field.Names[0].Name+" ", "`"+jsonName(field)+"` ", 1)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", jsonName(field), typeName(types.ExprString(field.Type)), inBase(values[jsonName(field)]), meaning)
	}
	return b.String()
}

func jsonName(field *ast.Field) string {
	name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json"), ",")
	return name
}

// typeName returns the name of a Go type for readers of manifests.
func typeName(name string) string {
	name = strings.TrimPrefix(name, "*")
	if item, ok := strings.CutPrefix(name, "[]"); ok {
		return "list of " + typeName(item)
	}
	switch name {
	case "string", "corev1.PullPolicy":
		return "string"
	case "bool":
		return "boolean"
	case "int32":
		return "integer"
	case "map[string]string":
		return "map of strings"
	case "Cloud", "Identity", "OTLP", "Sidecar":
		return "mapping, see below"
	default:
		return strings.TrimPrefix(name, "corev1.")
	}
}

// inBase returns a short value, or "set" for a long one.
func inBase(value any) string {
	if value == nil {
		return "–"
	}
	text := fmt.Sprint(value)
	if len(text) > 50 || strings.Contains(text, "\n") || strings.Contains(text, "map[") {
		return "set"
	}
	return "`" + text + "`"
}

// TestDocsExamples loads the examples of docs/profiles.md.
func TestDocsExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, part := range strings.Split(string(page), "```yaml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		examples = append(examples, example)
	}
	set := mustLoad(t, examples...)
	lookup(t, set, "datacentre")
	lookup(t, set, "payments")
}
