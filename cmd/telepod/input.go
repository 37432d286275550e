package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telepod/telepod/manifest"
)

// input is one file of manifests.
type input struct {
	name string
	data []byte
	*manifest.Manifest
}

const standardInput = "-"

// readInputs reads files, directories (their *.yaml, *.yml and *.json) and "-". The error has every
// mistake of every file.
func readInputs(stdin io.Reader, paths []string) ([]input, error) {
	files, err := expand(paths)
	if err != nil {
		return nil, err
	}
	var inputs []input
	var problems []error
	for _, file := range files {
		in, err := readInput(stdin, file)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		inputs = append(inputs, in)
	}
	return inputs, errors.Join(problems...)
}

func readInput(stdin io.Reader, file string) (input, error) {
	in := input{name: file}
	var err error
	if file == standardInput {
		in.name = "stdin"
		in.data, err = io.ReadAll(stdin)
	} else {
		in.data, err = os.ReadFile(file)
	}
	if err != nil {
		return in, fmt.Errorf("read manifests: %w", err)
	}
	in.Manifest, err = manifest.Parse(in.name, in.data)
	if err == nil && in.Objects() == 0 && strings.TrimSpace(string(in.data)) != "" {
		err = fmt.Errorf("%s: it has no Kubernetes object: each needs apiVersion and kind", in.name)
	}
	return in, err
}

// expand replaces directories by the files in them.
func expand(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		if strings.Contains(path, "://") {
			return nil, fmt.Errorf("read %s: URLs are not supported: pipe it in, e.g. curl -L %s | telepod … -f -", path, path)
		}
		if path == standardInput {
			if slices.Contains(files, path) {
				return nil, errors.New("read manifests: give - once: standard input can be read once only")
			}
			files = append(files, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found, err := manifestsIn(path)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func manifestsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(entry.Name())) {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read manifests: %s has no *.yaml, *.yml or *.json", dir)
	}
	return files, nil
}
