package build

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// Packages installs the npm packages of a directory with a package-lock.json, if necessary, and returns the absolute path
// of a copy of that directory with its node_modules. Scripts of packages are not run. The directory is relative to the
// repository's root, with slashes.
func Packages(ctx context.Context, dir string) (string, error) {
	installed, err := packages(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("install the npm packages of %s: %w", dir, err)
	}
	return installed, nil
}

func packages(ctx context.Context, dir string) (string, error) {
	root, shelf, err := rootAndShelf(path.Base(dir))
	if err != nil {
		return "", err
	}
	source := filepath.Join(root, filepath.FromSlash(dir))
	h := sha256.New()
	if err := hashSources(h, source); err != nil {
		return "", err
	}
	key := shorten(h.Sum(nil))
	return kept(shelf, key, func() (string, error) { return npmCI(ctx, source, filepath.Join(shelf, key)) })
}

// npmCI copies source to out, with its packages. A directory appears there only once it is complete.
func npmCI(ctx context.Context, source, out string) (string, error) {
	fresh, err := os.MkdirTemp(filepath.Dir(out), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := os.CopyFS(fresh, os.DirFS(source)); err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")
	install.Dir = fresh
	if output, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: is the Debian package npm installed?\n%s", err, output)
	}
	return out, os.Rename(fresh, out)
}
