package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Spec describes how to build a program, or the tools of a module. Programs are static (CGO_ENABLED=0),
// for the machine that builds them.
type Spec struct {
	// Name is the program's file name, shown in the progress and part of the cache entry's name.
	Name string
	// Module is the directory of the go.mod, relative to the repository's root, with
	// slashes. Empty is the root module.
	Module string
	// Package to build, "." if empty. "tool" builds every tool of the module's go.mod.
	Package string
	Tags    []string
	// LDFlags are passed to the linker in addition to "-s -w".
	LDFlags []string
	// Patches of dependencies.
	Patches []Patch
	// Takes is shown during the build: the duration of a cold build, such as "about 5 minutes".
	Takes string
}

// Binary builds the program if necessary and returns its absolute path.
func Binary(ctx context.Context, s Spec) (string, error) {
	dir, err := Directory(ctx, s)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, s.Name), nil
}

// Directory builds the program or tools if necessary and returns the absolute path of their directory.
// Callers may keep derived files there.
func Directory(ctx context.Context, s Spec) (string, error) {
	dir, err := s.directory(ctx)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", s.Name, err)
	}
	return dir, nil
}

func (s Spec) directory(ctx context.Context) (string, error) {
	root, shelf, err := rootAndShelf(s.Name)
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, filepath.FromSlash(s.Module))
	identify := s.key
	if s.Module == "" {
		identify = s.linked
	}
	key, err := identify(ctx, module)
	if err != nil {
		return "", err
	}
	return kept(shelf, key, func() (string, error) { return s.compile(ctx, module, shelf, key) })
}

// compile builds into a new directory and renames it into place, so that the shelf never contains a
// partial build.
func (s Spec) compile(ctx context.Context, module, shelf, key string) (string, error) {
	fresh, err := os.MkdirTemp(shelf, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := os.Chmod(fresh, 0o755); err != nil {
		return "", err
	}
	out := filepath.Join(fresh, s.Name)
	if s.Package == "tool" {
		out = fresh + string(filepath.Separator)
	}
	if err := s.run(ctx, module, out); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, filepath.Join(shelf, key)); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	dir, found := lookup(shelf, key)
	if !found {
		return "", fmt.Errorf("%s vanished from the cache; run again", filepath.Join(shelf, key))
	}
	return dir, nil
}

func (s Spec) run(ctx context.Context, module, out string) error {
	flags, cleanUp, err := s.patch(ctx, module)
	defer cleanUp()
	if err != nil {
		return err
	}
	_, err = s.command(ctx, module, slices.Concat([]string{"build", "-v", "-o", out}, flags, s.flags())...)
	return err
}

// command runs the go command with progress, and returns its output.
func (s Spec) command(ctx context.Context, module string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	p := newProgress(ctx, s, os.Stderr)
	defer p.Finish()
	cmd.Stderr = p
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("go %s in %s: %w\n%s", args[0], module, err, p.tail())
	}
	return out, err
}

func (s Spec) flags() []string {
	pkg := s.Package
	if pkg == "" {
		pkg = "."
	}
	// Without VCS stamping, a program of the root module changes only if its sources do.
	flags := []string{"-trimpath", "-buildvcs=false", "-ldflags", strings.Join(append([]string{"-s", "-w"}, s.LDFlags...), " ")}
	if len(s.Tags) > 0 {
		flags = append(flags, "-tags", strings.Join(s.Tags, ","))
	}
	return append(flags, pkg)
}

// Cache returns the root directory of this package's cache.
func Cache() (string, error) {
	if dir := os.Getenv("TELEPOD_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a cache directory: %w: set TELEPOD_CACHE", err)
	}
	return filepath.Join(dir, "telepod"), nil
}

// Root returns the repository's root: the nearest directory, from the working directory
// upwards, with the project's go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for start := dir; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/telepod/telepod\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no Telepod repository at or above %s: run this inside one", start)
		}
	}
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return shorten(h.Sum(nil)), nil
}

func shorten(sum []byte) string { return hex.EncodeToString(sum[:12]) }
