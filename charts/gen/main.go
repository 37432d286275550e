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
	check := flag.Bool("check", false, "write nothing, fail when a file is stale")
	root := flag.String("root", ".", "the repository's root")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "charts/gen:", err)
		os.Exit(1)
	}
}

// run generates every derived file, and writes or compares them.
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

// generate returns the derived files by their path below root.
func generate(root string) (map[string][]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, "charts/telepod/values.yaml"))
	if err != nil {
		return nil, err
	}
	values, err := parse(source)
	if err != nil {
		return nil, fmt.Errorf("charts/telepod/values.yaml: %w", err)
	}
	schema, err := schemaFile(values)
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
		if files[name], err = replaceTable(page, values); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
