package schema

import (
	"archive/tar"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Options describe the provider.
type Options struct {
	// Provider is the provider's name: aws.
	Provider string
	// NestedAttributes is set for providers that use attributes, not blocks, for nested objects.
	NestedAttributes bool
}

// file is a source in the package; a large resource has several.
var file = regexp.MustCompile(`^package/lib/([\w-]+)/(index\.js|index-structs/structs\d+\.js)$`)

// Read converts an npm package, as `npm pack` stores it.
func Read(archive io.Reader, o Options) (Document, error) {
	doc, err := read(archive, o)
	if err != nil {
		return Document{}, fmt.Errorf("read the schema of provider %s: %w", o.Provider, err)
	}
	return doc, nil
}

func read(archive io.Reader, o Options) (Document, error) {
	sources, err := unpack(archive)
	if err != nil {
		return Document{}, err
	}
	out := Provider{Resources: map[string]Schema{}, DataSources: map[string]Schema{}}
	doc, c := Document{FormatVersion: "1.0"}, converter{nestedAttributes: o.NestedAttributes}
	for _, files := range sources {
		s := parse(strings.Join(files, "\n"))
		switch s.kind {
		case "TerraformResource":
			keep(out.Resources, s.address, c.schema(s))
		case "TerraformDataSource":
			keep(out.DataSources, s.address, c.schema(s))
		case "TerraformProvider":
			out.Provider = c.schema(s)
			if m := versionMatch.FindStringSubmatch(s.text); m != nil {
				doc.Version = m[1]
			}
		}
	}
	if doc.Version == "" || len(out.Resources) == 0 {
		return Document{}, errors.New("no provider in the package: is it one of @cdktf/provider-*?")
	}
	doc.Providers = map[string]Provider{"registry.terraform.io/hashicorp/" + o.Provider: out}
	return doc, nil
}

// keep adds a schema if Terraform accepts it. The few recursive schemas are incomplete, so they are left out
// rather than checked in part.
func keep(all map[string]Schema, name string, s Schema) {
	if !s.Block.vague(false) {
		all[name] = s
	}
}

// unpack returns the TypeScript of each directory.
func unpack(archive io.Reader) (map[string][]string, error) {
	plain, err := gzip.NewReader(archive)
	if err != nil {
		return nil, err
	}
	sources := map[string][]string{}
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return sources, nil
		}
		if err != nil {
			return nil, err
		}
		m := file.FindStringSubmatch(path.Clean(header.Name))
		if m == nil {
			continue
		}
		script, err := io.ReadAll(files)
		if err != nil {
			return nil, err
		}
		parts, err := typescript(script)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		sources[m[1]] = slices.Concat(sources[m[1]], parts)
	}
}

// typescript returns the sources embedded in the source map at the end of a script.
func typescript(script []byte) ([]string, error) {
	text := string(script)
	i := strings.LastIndex(text, "base64,")
	if i < 0 {
		return nil, nil
	}
	encoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text[i+len("base64,"):]))
	if err != nil {
		return nil, err
	}
	var mapped struct {
		Sources []string `json:"sourcesContent"`
	}
	err = json.Unmarshal(encoded, &mapped)
	return mapped.Sources, err
}
