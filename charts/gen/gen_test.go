package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGeneratedFilesAreCurrent fails if values.yaml changed without running the generator.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	if err := run("../..", true); err != nil {
		t.Error(err)
	}
}

// TestComparedValuesExist looks up each value in the first column of the table that compares other charts.
func TestComparedValuesExist(t *testing.T) {
	page := read(t, "../../docs/chart.md")
	root, shared := parsed(t, "../telepod/values.yaml"), parsed(t, "../values-shared.yaml")
	_, table, found := strings.Cut(page, "\n| ours |")
	if !found {
		t.Fatal(`docs/chart.md has no table that starts with "| ours |"`)
	}
	quoted, braces := regexp.MustCompile("`([^`]+)`"), regexp.MustCompile(`^(.*)\{(.*)\}$`)
	checked := 0
	for line := range strings.SplitSeq(table, "\n") {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, name := range quoted.FindAllStringSubmatch(cell, -1) {
			names := []string{strings.TrimSuffix(name[1], ".*")}
			if list := braces.FindStringSubmatch(name[1]); list != nil {
				names = nil
				for key := range strings.SplitSeq(list[2], ",") {
					names = append(names, list[1]+key)
				}
			}
			for _, name := range names {
				checked++
				if root.at(name) == nil && shared.at("pod."+name) == nil && shared.at(name) == nil {
					t.Errorf("docs/chart.md compares %s, which is not a value of this chart", name)
				}
			}
		}
	}
	if checked < 30 {
		t.Errorf("found %d values in the table of docs/chart.md, want 30 or more", checked)
	}
}

// at returns the value at a dotted path, or nil.
func (v *value) at(path string) *value {
	for key := range strings.SplitSeq(path, ".") {
		if v = v.child(key); v == nil {
			return nil
		}
	}
	return v
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parsed(t *testing.T, path string) *value {
	t.Helper()
	v, err := parse([]byte(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaAndTable(t *testing.T) {
	shared, err := parse([]byte("# Shared by all.\neach:\n  # Number of items.\n  count: 1\n  # Direction.\n  door: left\n"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := parse([]byte(`# A header, not a description.

# The place.
# @values each
place:
  # Which | where,
  # on two lines.
  # @schema {enum: ["", here]}
  name: ""
  # Count.
  count: 2
# Free-form.
# @schema {additionalProperties: {type: string}}
extra:
  a: b
`))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := schemaFile(root, shared)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"global": map[string]any{"type": "object"},
		"place": map[string]any{
			"type": "object", "description": "The place.", "additionalProperties": false,
			"properties": map[string]any{
				"name":  map[string]any{"type": "string", "description": "Which | where, on two lines.", "enum": []any{"", "here"}},
				"count": map[string]any{"type": "integer", "description": "Count."},
				"door":  map[string]any{"$ref": "#/definitions/each/properties/door"},
			},
		},
		"extra": map[string]any{"type": "object", "description": "Free-form.", "additionalProperties": map[string]any{"type": "string"}},
	}
	if diff := cmp.Diff(want, schema.Properties); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}

	page, err := replaceTable([]byte("# Page\n"+tableBegin+"old\n"+tableEnd+"\nmore\n"), tableBegin, root)
	if err != nil {
		t.Fatal(err)
	}
	wantPage := "# Page\n" + tableBegin + `
| value | default | what it does |
|---|---|---|
| ` + "`place.name` | `\"\"`" + ` | Which \| where, on two lines. |
| ` + "`place.count` | `2`" + ` | Count. |
| ` + "`extra` | `{\"a\":\"b\"}`" + ` | Free-form. |

` + tableEnd + "\nmore\n"
	if diff := cmp.Diff(wantPage, string(page)); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestUndocumentedValues(t *testing.T) {
	_, err := parse([]byte("a: 1\nb:\n  c: 2\n  # Documented.\n  d: 3\n"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"line 1: a has no comment", "line 3: b.c has no comment"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not contain %q", err, want)
		}
	}
}

func TestUnknownSharedValues(t *testing.T) {
	root, err := parse([]byte("# The place.\n# @values all\nplace:\n  # Count.\n  count: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkShared(root, &value{}); err == nil || !strings.Contains(err.Error(), `place shares the values "all"`) {
		t.Errorf("error %v, want it to reject unknown shared values", err)
	}
}
