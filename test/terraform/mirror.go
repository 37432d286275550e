package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/terraform/schema"
)

// mirror writes the replacements of the providers to a provider mirror, and returns the CLI configuration that uses
// only this mirror. The schemas contain only the types that the modules use: the clouds have thousands, which every
// command would have to read.
func mirror(ctx context.Context, dir string) (config string, err error) {
	program, err := build.Binary(ctx, build.Spec{Name: "terraform-provider", Module: "test/terraform/provider", Takes: "half a minute"})
	if err != nil {
		return "", err
	}
	used, err := types()
	if err != nil {
		return "", err
	}
	for _, p := range providers() {
		doc, err := p.load(ctx)
		if err != nil {
			return "", err
		}
		if err := place(dir, p.provider, doc.Only(used), program); err != nil {
			return "", err
		}
	}
	config = filepath.Join(dir, "engine.rc")
	text := fmt.Sprintf("disable_checkpoint = true\n\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.Join(dir, "mirror"))
	return config, os.WriteFile(config, []byte(text), 0o644)
}

// place installs a provider's replacement for both engines, which have different default registries.
func place(dir, provider string, doc schema.Document, program string) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		place := filepath.Join(dir, "mirror", registry, "hashicorp", provider, doc.Version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(place, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(place, "schema.json"), text, 0o644); err != nil {
			return err
		}
		if err := os.Symlink(program, filepath.Join(place, "terraform-provider-"+provider+"_v"+doc.Version)); err != nil {
			return err
		}
	}
	return nil
}

var declaration = regexp.MustCompile(`(?m)^(?:resource|data) "(\w+)"`)

// types returns the names of all resource and data source types in the modules.
func types() (map[string]bool, error) {
	root, err := build.Root()
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	dirs, err := modules(filepath.Join(root, "terraform"))
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(root, "terraform", dir, "*.tf"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			for _, m := range declaration.FindAllSubmatch(text, -1) {
				used[string(m[1])] = true
			}
		}
	}
	return used, nil
}
