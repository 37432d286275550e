package terraform

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telepod/telepod/test/build"
)

// modules returns the directories below dir that contain a module, relative to it.
func modules(dir string) ([]string, error) {
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".terraform") && d.IsDir() {
			return fs.SkipDir
		}
		if d.Name() == "versions.tf" {
			all = append(all, filepath.Dir(path))
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

// copyTree copies modules and chart with the repository's layout, without files that an engine has left there.
func copyTree(to string) error {
	root, err := build.Root()
	if err != nil {
		return err
	}
	for _, dir := range []string{"terraform", filepath.Join("charts", "telepod")} {
		from := os.DirFS(filepath.Join(root, dir))
		err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			place := filepath.Join(to, dir, path)
			switch {
			case strings.HasPrefix(d.Name(), ".terraform") && d.IsDir():
				return fs.SkipDir
			case d.IsDir():
				return os.MkdirAll(place, 0o755)
			case d.Name() == ".terraform.lock.hcl" || strings.Contains(d.Name(), ".tfstate"):
				return nil
			}
			text, err := fs.ReadFile(from, path)
			if err != nil {
				return err
			}
			return os.WriteFile(place, text, 0o644)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
