package build

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Patch changes a file of a dependency for one build, if its newest available version does not work with other
// dependencies. It does not change the module cache.
type Patch struct {
	// Module is the dependency's path, File one of its files, with slashes.
	Module, File string
	// Every Old is replaced by New. A file without Old is an error.
	Old, New string
}

// patch copies the patched dependencies to a directory, and returns the go build flags that use them
// there; nil without patches. Call cleanUp even after an error.
func (s Spec) patch(ctx context.Context, module string) (flags []string, cleanUp func(), err error) {
	if len(s.Patches) == 0 {
		return nil, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "telepod-patch-")
	if err != nil {
		return nil, func() {}, err
	}
	flags, err = s.patchInto(ctx, module, dir)
	return flags, func() { _ = os.RemoveAll(dir) }, err // leftovers only occupy the temporary directory
}

func (s Spec) patchInto(ctx context.Context, module, dir string) ([]string, error) {
	mod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return nil, err
	}
	sum, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		return nil, err
	}
	copies := map[string]string{}
	for _, p := range s.Patches {
		if copies[p.Module] == "" {
			copies[p.Module] = filepath.Join(dir, fmt.Sprint(len(copies)))
			if err := copyModule(ctx, module, p.Module, copies[p.Module]); err != nil {
				return nil, err
			}
			mod = fmt.Appendf(mod, "\nreplace %s => %s\n", p.Module, copies[p.Module])
		}
		if err := p.apply(copies[p.Module]); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(file, mod, 0o644); err != nil {
		return nil, err
	}
	return []string{"-modfile=" + file}, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644)
}

func (p Patch) apply(dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(p.File))
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("patch %s: %w", p.Module, err)
	}
	if !strings.Contains(string(source), p.Old) {
		return fmt.Errorf("patch %s of %s: %q not found: the patch is for another version", p.File, p.Module, p.Old)
	}
	return os.WriteFile(path, []byte(strings.ReplaceAll(string(source), p.Old, p.New)), 0o644)
}

// copyModule copies the sources of a module's dependency, downloading them if necessary.
func copyModule(ctx context.Context, module, dependency, to string) error {
	source, err := sources(ctx, module, dependency)
	if err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(source))
}

// Sources returns the directory of the sources of a dependency, downloading them if necessary. The module is relative
// to the repository's root, with slashes.
func Sources(ctx context.Context, module, dependency string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return sources(ctx, filepath.Join(root, filepath.FromSlash(module)), dependency)
}

func sources(ctx context.Context, module, dependency string) (string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}@{{.Version}}", dependency)
	list.Dir = module
	version, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s in %s: %w", dependency, module, err)
	}
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", strings.TrimSpace(string(version)))
	download.Dir = module
	out, err := download.Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s in %s: %w", dependency, module, err)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		return "", fmt.Errorf("go mod download %s in %s: %w", dependency, module, err)
	}
	return downloaded.Dir, nil
}
