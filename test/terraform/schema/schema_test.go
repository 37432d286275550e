package schema

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pack packs TypeScript like an npm package: in the source map of a script.
func pack(t *testing.T, files map[string]string) io.Reader {
	t.Helper()
	var out bytes.Buffer
	plain := gzip.NewWriter(&out)
	archive := tar.NewWriter(plain)
	for name, text := range files {
		mapped, err := json.Marshal(map[string][]string{"sourcesContent": {text}})
		if err != nil {
			t.Fatal(err)
		}
		script := "exports.x = 1;\n//# sourceMappingURL=data:application/json;base64," + base64.StdEncoding.EncodeToString(mapped)
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(script))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func example(t *testing.T, o Options) Provider {
	t.Helper()
	files := map[string]string{}
	for name, path := range map[string]string{"resource": "package/lib/bucket/index.js", "provider": "package/lib/provider/index.js"} {
		text, err := os.ReadFile("testdata/" + name + ".ts")
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(text)
	}
	doc, err := Read(pack(t, files), o)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Version != "1.2.3" {
		t.Errorf("version is %q, want 1.2.3", doc.Version)
	}
	return doc.Providers["registry.terraform.io/hashicorp/example"]
}

func TestRead(t *testing.T) {
	rule := Block{Attributes: map[string]Attribute{"days": {Type: "number", Optional: true}}, BlockTypes: map[string]NestedBlock{}}
	want := Block{
		Attributes: map[string]Attribute{
			"name":   {Type: "string", Required: true},
			"open":   {Type: "bool", Optional: true, Computed: true},
			"key_wo": {Type: "string", Optional: true, WriteOnly: true},
			"labels": {Type: []any{"map", "string"}, Optional: true},
			"zones":  {Type: []any{"set", "string"}, Optional: true},
			"state":  {Type: []any{"object", map[string]any{"reason": "string"}}, Computed: true},
		},
		BlockTypes: map[string]NestedBlock{
			"rule":      {NestingMode: "set", Block: rule},
			"main_rule": {NestingMode: "list", Block: rule, MinItems: 1, MaxItems: 1},
			"timeouts": {NestingMode: "single", Block: Block{
				Attributes: map[string]Attribute{"create": {Type: "string", Optional: true}}, BlockTypes: map[string]NestedBlock{},
			}},
		},
	}
	got := example(t, Options{Provider: "example"})
	if diff := cmp.Diff(want, got.Resources["example_bucket"].Block); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
	login := NestedBlock{NestingMode: "list", MaxItems: 1, Block: Block{
		Attributes: map[string]Attribute{
			"command":   {Type: "string", Required: true},
			"arguments": {Type: []any{"list", "string"}, Optional: true},
		},
		BlockTypes: map[string]NestedBlock{},
	}}
	if diff := cmp.Diff(login, got.Provider.Block.BlockTypes["login"]); diff != "" {
		t.Errorf("provider (-want +got):\n%s", diff)
	}
	if _, found := got.Provider.Block.Attributes["alias"]; found {
		t.Error("the provider's schema contains alias, which is a meta-argument")
	}
}

// TestReadNestedAttributes reads the same schema for a provider with nested attributes.
func TestReadNestedAttributes(t *testing.T) {
	got := example(t, Options{Provider: "example", NestedAttributes: true}).Resources["example_bucket"].Block
	want := Attribute{Optional: true, NestedType: &NestedType{
		Attributes: map[string]Attribute{"days": {Type: "number", Optional: true}}, NestingMode: "set",
	}}
	if diff := cmp.Diff(want, got.Attributes["rule"]); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
}

func TestOnlyKeepsNamedTypes(t *testing.T) {
	all := Document{Providers: map[string]Provider{"p": {
		Resources:   map[string]Schema{"a": {}, "b": {}},
		DataSources: map[string]Schema{"b": {}, "c": {}},
	}}}
	got := all.Only(map[string]bool{"b": true})
	want := Provider{Resources: map[string]Schema{"b": {}}, DataSources: map[string]Schema{"b": {}}}
	if diff := cmp.Diff(want, got.Providers["p"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(all.Providers["p"].Resources) != 2 {
		t.Error("Only changed the document itself")
	}
}

func TestReadErrors(t *testing.T) {
	if _, err := Read(strings.NewReader("x"), Options{Provider: "example"}); err == nil {
		t.Error("Read accepted input that is not an archive")
	}
	_, err := Read(pack(t, map[string]string{"package/lib/other/index.js": "export const x = 1;"}), Options{Provider: "example"})
	if err == nil || !strings.Contains(err.Error(), "no provider in the package") {
		t.Errorf("error is %v, want one that names what is missing", err)
	}
}
