package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file is stale")
	root := flag.String("root", ".", "the repository's root")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "charts/gen:", err)
		os.Exit(1)
	}
}

// run generates every derived file and writes it, or compares it with the existing file.
func run(root string, check bool) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	var stale []error
	for name, want := range files {
		path := filepath.Join(root, name)
		have, err := os.ReadFile(path)
		switch {
		case err == nil && bytes.Equal(have, want):
			continue
		case check:
			stale = append(stale, fmt.Errorf("%s is stale: run `go run ./charts/gen`", name))
		default:
			if err := os.WriteFile(path, want, 0o644); err != nil {
				return err
			}
			fmt.Println("wrote", name)
		}
	}
	return errors.Join(stale...)
}

// generate returns the derived files by path below root.
func generate(root string) (map[string][]byte, error) {
	values, err := parseFile(root, "charts/telepod/values.yaml")
	if err != nil {
		return nil, err
	}
	shared, err := parseFile(root, "charts/values-shared.yaml")
	if err != nil {
		return nil, err
	}
	if err := checkShared(values, shared); err != nil {
		return nil, err
	}
	schema, err := schemaFile(values, shared)
	if err != nil {
		return nil, err
	}
	files, err := dashboards(root)
	if err != nil {
		return nil, err
	}
	files["charts/telepod/values.schema.json"] = schema
	for _, name := range []string{"charts/telepod/README.md", "docs/chart.md"} {
		page, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		if page, err = replaceTable(page, tableBegin, values); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if files[name], err = replaceTable(page, sharedBegin, shared); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

func parseFile(root, name string) (*value, error) {
	source, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return nil, err
	}
	values, err := parse(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return values, nil
}

// checkShared rejects a section that shares undefined values.
func checkShared(v, shared *value) error {
	if v.shared != "" && shared.child(v.shared) == nil {
		return fmt.Errorf("%s shares the values %q, which charts/values-shared.yaml does not define", v.path, v.shared)
	}
	for _, child := range v.children {
		if err := checkShared(child, shared); err != nil {
			return err
		}
	}
	return nil
}
