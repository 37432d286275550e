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
	source
	data []byte
	*manifest.Manifest
}

// source provides manifests.
type source struct {
	name string
	path string // of the file, or "-"
	// listed is true for a file found in a directory rather than named by the user: it may contain something other
	// than manifests.
	listed bool
}

const standardInput = "-"

// readInputs reads files, directories (their *.yaml, *.yml and *.json) and "-". Other files in a directory are
// skipped with a note. The error includes every mistake in every file.
func readInputs(stdin io.Reader, paths []string) (inputs []input, notes []string, err error) {
	sources, err := expand(paths)
	if err != nil {
		return nil, nil, err
	}
	var problems []error
	for _, s := range sources {
		in, err := readInput(stdin, s)
		if other, ok := errors.AsType[notManifests](err); ok && s.listed {
			notes = append(notes, other.Error()+"; left out")
			continue
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		inputs = append(inputs, in)
		notes = append(notes, in.Notes()...)
	}
	return inputs, notes, errors.Join(problems...)
}

func readInput(stdin io.Reader, s source) (input, error) {
	in := input{source: s}
	var err error
	if s.path == standardInput {
		in.data, err = io.ReadAll(stdin)
	} else {
		in.data, err = os.ReadFile(s.path)
	}
	if err != nil {
		return in, fmt.Errorf("read manifests: %w", err)
	}
	in.Manifest, err = manifest.Parse(in.name, in.data)
	return in, in.judge(err)
}

// expand replaces directories by the files in them.
func expand(paths []string) ([]source, error) {
	var sources []source
	for _, path := range paths {
		if strings.Contains(path, "://") {
			return nil, fmt.Errorf("read %s: URLs are not supported: pipe it in, e.g. curl -L %s | telepod … -", path, path)
		}
		if path == standardInput {
			if slices.ContainsFunc(sources, func(s source) bool { return s.path == path }) {
				return nil, errors.New("read manifests: - is repeated: standard input can be read only once")
			}
			sources = append(sources, source{name: "stdin", path: path})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		if !info.IsDir() {
			sources = append(sources, source{name: path, path: path})
			continue
		}
		found, err := manifestsIn(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, found...)
	}
	return sources, nil
}

func manifestsIn(dir string) ([]source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	var sources []source
	for _, entry := range entries {
		if !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(entry.Name())) {
			path := filepath.Join(dir, entry.Name())
			sources = append(sources, source{name: path, path: path, listed: true})
		}
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("read manifests: %s has no *.yaml, *.yml or *.json", dir)
	}
	return sources, nil
}
