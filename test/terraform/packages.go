package terraform

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/terraform/schema"
)

// published is an npm package with the schema of a provider.
type published struct {
	provider, version, integrity string
	nestedAttributes             bool
}

// providers returns all providers of the modules, in the last versions published in this form. `npm view
// @cdktf/provider-NAME@VERSION dist.integrity` prints the integrity.
func providers() []published {
	return []published{
		{provider: "aws", version: "21.22.1", integrity: "sha512-BuSHeaQFUL9l33pBzIMRT7cTQ69AM2mLtijjteCPhVQRmvuhuj9Lvfymf7knAMhYqAT6+Lrls9jiGVW/Us3zrQ=="},
		{provider: "google", version: "16.12.1", integrity: "sha512-KqNA/5RiFT07r0PSZ6/07cJ2zESUgbj1JchVj21iBFBZVUbD+578xA/k8eq/r0cbyEgLmg9eYWeVslaYah4DCQ=="},
		{provider: "azurerm", version: "14.23.1", integrity: "sha512-3H20Ozj7dOKmIj6mqorHZEjLNo5wO/MBEVHwu6k53fln/0EciGQa9sDLWBYSb0o40Ycpih9lFp/k6SGRbFlQVg=="},
		{provider: "helm", version: "12.1.2", integrity: "sha512-QFLfD6e5djSiuw5o63JTaVjLTzUrcXW4rT6zdcvIHfjrqcUJT+Yc8cfhLTVVr5p+fRYrB90b6j8YogBEsLj+5A==", nestedAttributes: true},
		{provider: "kubernetes", version: "12.1.1", integrity: "sha512-faZ/zydCsDBYwXqq3douhxSf8KFJfTUixYDr5hg0uCA8FExRK3+w27JUrt6gAVHFBuOVsKthObdqtTmP3PzQSQ=="},
	}
}

var errNoNPM = errors.New("npm is not installed: install it (Debian: npm) to fetch the providers' schemas")

// load returns the provider's schema, downloaded and converted once.
func (p published) load(ctx context.Context) (schema.Document, error) {
	var doc schema.Document
	cache, err := p.cache()
	if err != nil {
		return doc, err
	}
	text, err := os.ReadFile(cache)
	if errors.Is(err, os.ErrNotExist) {
		text, err = p.fetch(ctx, cache)
	}
	if err != nil {
		return doc, fmt.Errorf("schema of provider %s: %w", p.provider, err)
	}
	return doc, json.Unmarshal(text, &doc)
}

// cache is the file of the converted schema; its name depends on the package and the converter.
func (p published) cache() (string, error) {
	dir, err := build.Cache()
	if err != nil {
		return "", err
	}
	root, err := build.Root()
	if err != nil {
		return "", err
	}
	sources, err := filepath.Glob(filepath.Join(root, "test", "terraform", "schema", "*.go"))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, p)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		h.Write(text)
	}
	return filepath.Join(dir, "terraform-schemas", p.provider+"-"+hex.EncodeToString(h.Sum(nil)[:12])+".json"), nil
}

// fetch downloads the package, verifies its integrity, and stores its schema.
func (p published) fetch(ctx context.Context, cache string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		return nil, err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(cache), "new-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(fresh)
	archive, err := p.download(ctx, fresh)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	doc, err := schema.Read(f, schema.Options{Provider: p.provider, NestedAttributes: p.nestedAttributes})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	whole := filepath.Join(fresh, "schema.json")
	if err := os.WriteFile(whole, text, 0o644); err != nil {
		return nil, err
	}
	return text, os.Rename(whole, cache)
}

func (p published) download(ctx context.Context, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errNoNPM
	}
	name := "@cdktf/provider-" + p.provider + "@" + p.version
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", name)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack %s: %w\n%s", name, err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("npm pack %s: left %d archives, want one", name, len(found))
	}
	return found[0], p.verify(found[0])
}

func (p published) verify(archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil)); got != p.integrity {
		return fmt.Errorf("@cdktf/provider-%s@%s has integrity %s, want %s", p.provider, p.version, got, p.integrity)
	}
	return nil
}
