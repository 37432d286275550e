package build

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// key returns a hash that identifies a build of a module: its sources, the sources of directories in replace
// directives, the flags and the Go version.
func (s Spec) key(ctx context.Context, module string) (string, error) {
	version := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	version.Dir = module // a toolchain line there may require another version
	goVersion, err := version.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOVERSION in %s: %w: is Go installed?", module, err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s/%s %q\n", goVersion, runtime.GOOS, runtime.GOARCH, s.flags())
	if len(s.Patches) > 0 { // without patches the key stays as it was
		fmt.Fprintf(h, "%q\n", s.Patches)
	}
	replaced, err := replacements(ctx, module)
	if err != nil {
		return "", err
	}
	for _, dir := range append([]string{module}, replaced...) {
		if err := hashSources(h, dir); err != nil {
			return "", fmt.Errorf("hash %s: %w", dir, err)
		}
	}
	return shorten(h.Sum(nil)), nil
}

// linked returns a hash that identifies a build of the root module by the packages that it links. The go command compiles
// the changed ones, which is much faster than linking the program.
func (s Spec) linked(ctx context.Context, root string) (string, error) {
	packages, err := s.command(ctx, root, append([]string{"list", "-v", "-deps", "-export", "-f", "{{.ImportPath}} {{.BuildID}}"}, s.flags()...)...)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(packages, "%q\n", s.flags()))
	return shorten(sum[:]), nil
}

// replacements are the directories in a module's replace directives.
func replacements(ctx context.Context, module string) ([]string, error) {
	edit := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	edit.Dir = module
	out, err := edit.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod edit -json in %s: %w", module, err)
	}
	var mod struct {
		Replace []struct {
			New struct{ Path, Version string }
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, fmt.Errorf("go mod edit -json in %s: %w", module, err)
	}
	var dirs []string
	for _, r := range mod.Replace {
		if r.New.Version == "" {
			dirs = append(dirs, filepath.Join(module, filepath.FromSlash(r.New.Path)))
		}
	}
	return dirs, nil
}

func hashSources(h io.Writer, module string) error {
	return filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipNested(module, path)
		}
		if !isSource(d.Name()) {
			return nil
		}
		sum, err := hashFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(module, path)
		fmt.Fprintf(h, "%s %s\n", filepath.ToSlash(name), sum)
		return err
	})
}

func skipNested(module, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && dir != module {
		return filepath.SkipDir
	}
	return nil
}

// isSource reports whether a file may affect the program. Files may be embedded, so all do except tests and
// documentation.
func isSource(name string) bool {
	return !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, ".md") && !strings.HasPrefix(name, ".")
}

// rootAndShelf returns the repository's root, and the directory of the cache for entries with this name.
func rootAndShelf(name string) (root, shelf string, err error) {
	if root, err = Root(); err != nil {
		return "", "", err
	}
	cache, err := Cache()
	if err != nil {
		return "", "", err
	}
	shelf = filepath.Join(cache, name)
	return root, shelf, os.MkdirAll(shelf, 0o755)
}

// kept returns an entry of the shelf. If it does not exist, one process makes it while others wait.
func kept(shelf, key string, make func() (string, error)) (string, error) {
	if dir, found := lookup(shelf, key); found {
		return dir, nil
	}
	lock := flock.New(filepath.Join(shelf, "lock"))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		fmt.Fprintf(os.Stderr, "build %s: waiting for another process that is building it\n", filepath.Base(shelf))
		err = lock.Lock()
	}
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", lock, err)
	}
	defer lock.Close()
	if dir, found := lookup(shelf, key); found {
		return dir, nil
	}
	defer prune(shelf, time.Now().Add(-14*24*time.Hour))
	return make()
}

// lookup returns an entry of the shelf, if it exists, and marks it as used.
func lookup(shelf, key string) (string, bool) {
	dir := filepath.Join(shelf, key)
	now := time.Now()
	// The directory's modification time records its last use. A read-only cache cannot record it.
	if err := os.Chtimes(dir, now, now); os.IsNotExist(err) {
		return "", false
	}
	return dir, true
}

// prune removes entries not used since then. Removal is best effort: leftovers only use disk space.
func prune(shelf string, then time.Time) {
	entries, err := os.ReadDir(shelf)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && info.ModTime().Before(then) {
			_ = os.RemoveAll(filepath.Join(shelf, e.Name()))
		}
	}
}
