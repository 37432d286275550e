package build

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// key names a build of a module: its sources, the flags and the Go version that builds it.
func (s Spec) key(ctx context.Context, module string) (string, error) {
	version := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	version.Dir = module // where a toolchain line may ask for another version
	goVersion, err := version.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOVERSION in %s: %w: is Go installed?", module, err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s/%s %q\n", goVersion, runtime.GOOS, runtime.GOARCH, s.flags())
	err = filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
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
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", module, err)
	}
	return shorten(h.Sum(nil)), nil
}

func skipNested(module, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && dir != module {
		return filepath.SkipDir
	}
	return nil
}

// isSource tells whether a file may change the program. Embedded files count, so it is
// everything but tests and documentation.
func isSource(name string) bool {
	return !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, ".md") && !strings.HasPrefix(name, ".")
}

// take returns an entry of the shelf, if it is there, and notes that it is in use.
func take(shelf, key string) (string, bool) {
	dir := filepath.Join(shelf, key)
	now := time.Now()
	// The directory's time is the time of its last use; a cache that is read-only loses
	// no more than that.
	if err := os.Chtimes(dir, now, now); os.IsNotExist(err) {
		return "", false
	}
	return dir, true
}

// prune removes what has not been used since then. What cannot be removed stays: it costs
// disk space and nothing else.
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
