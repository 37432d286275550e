package build

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Packages installs the npm packages of a directory with a package-lock.json, if necessary, and returns the absolute path
// of a copy of that directory with its node_modules. Scripts of packages do not run. The directory is relative to the
// repository's root, with slashes.
func Packages(ctx context.Context, dir string) (string, error) {
	installed, err := packages(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("install the npm packages of %s: %w", dir, err)
	}
	return installed, nil
}

func packages(ctx context.Context, dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	source := filepath.Join(root, filepath.FromSlash(dir))
	h := sha256.New()
	if err := hashSources(h, source); err != nil {
		return "", err
	}
	shelf, key := filepath.Join(cache, filepath.Base(source)), shorten(h.Sum(nil))
	if err := os.MkdirAll(shelf, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(shelf, "lock"), func() {
		fmt.Fprintf(os.Stderr, "install npm packages of %s: waiting for another process\n", dir)
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if found, ok := lookup(shelf, key); ok {
		return found, nil
	}
	defer prune(shelf, time.Now().Add(-14*24*time.Hour))
	fresh, err := os.MkdirTemp(shelf, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := os.CopyFS(fresh, os.DirFS(source)); err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")
	install.Dir = fresh
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: is the Debian package npm installed?\n%s", err, out)
	}
	installed := filepath.Join(shelf, key)
	return installed, os.Rename(fresh, installed)
}
