//go:build !injector

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/profiles"
)

func newEstateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "estate",
		Short: "Describe all clusters in one file, check it, and install from it",
		Long: `Describe all clusters in one file, the estate file, and derive everything else from it: checks for contradictions
between clusters, the chart's values for each, certificates, and the order of an installation or an upgrade.

docs/estate.md lists the fields of the file.`,
		Example: `  telepod estate init --context prod-use1 --context prod-euw1 --primary prod-use1=telemetry-us.example.com:4318 \
    --backup prod-euw1=telemetry-eu.example.com:4318 --jaeger jaeger-collector.tracing:4317
  telepod estate check
  telepod estate render -o values/`,
	}
	group(cmd, newEstateInitCommand(), newEstateAddCommand(), newEstateRemoveCommand(), newEstateSetCommand(), newEstateSwapCommand(),
		newEstateCheckCommand(), newEstateRenderCommand(), newEstateCACommand(), newEstateInstallCommand(), newEstateUpgradeCommand(), newEstateSchemaCommand())
	return cmd
}

// estateFile is the flag for the path of the estate file.
type estateFile struct{ path string }

func (f *estateFile) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.path, "file", "f", "estate.yaml", "estate file; - for standard input")
}

// read loads the file. The problems are those in a readable file.
func (f *estateFile) read(cmd *cobra.Command) (*estate.Estate, estate.Problems, error) {
	name, data, err := f.bytes(cmd.InOrStdin())
	if err != nil {
		return nil, nil, fmt.Errorf("read the estate file: %w", err)
	}
	e, problems := estate.Load(name, data)
	return e, problems, nil
}

// bytes reads the file, up to the maximum size of an estate.
func (f *estateFile) bytes(stdin io.Reader) (name string, data []byte, err error) {
	name, in := "stdin", stdin
	if f.path != standardInput {
		file, err := os.Open(f.path)
		if errors.Is(err, os.ErrNotExist) {
			return "", nil, fmt.Errorf("%w: 'telepod estate init' creates one; use -f for another path", err)
		}
		if err != nil {
			return "", nil, err
		}
		defer file.Close()
		name, in = f.path, file
	}
	data, err = io.ReadAll(io.LimitReader(in, estate.MaxSize+1))
	return name, data, err
}

// load reads the file for commands that need an estate without errors; only check shows warnings.
func (f *estateFile) load(cmd *cobra.Command) (*estate.Estate, error) {
	e, problems, err := f.read(cmd)
	if err != nil {
		return nil, err
	}
	if e == nil {
		fmt.Fprintln(cmd.ErrOrStderr(), problems.Errors().Error())
		return nil, fmt.Errorf("%d problem(s) in the estate file", len(problems.Errors()))
	}
	return e, nil
}

// name returns the file's name for generated files.
func (f *estateFile) name() string { return filepath.Base(f.path) }

// chosenClusters returns the clusters in the arguments, or all, in the order of installation.
func chosenClusters(e *estate.Estate, names []string) ([]estate.Cluster, error) {
	if len(names) == 0 {
		return e.Order(), nil
	}
	var chosen []estate.Cluster
	for _, name := range names {
		c, ok := e.Cluster(name)
		if !ok {
			return nil, fmt.Errorf("the estate has no cluster %q%s", name, profiles.DidYouMean(name, e.Names()))
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

func newEstateCheckCommand() *cobra.Command {
	f := &estateFile{}
	var strict bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find mistakes and contradictions in an estate file",
		Long: `Find mistakes and contradictions in an estate file before anything is installed: duplicate names, sites that would
fail together, regions of another cloud, residency rules that no site satisfies, and more. It queries neither clusters nor
clouds, so it can run in a pull request.

Exit codes: 0 no errors (there may be warnings), 1 errors, 2 wrong usage.`,
		Example: `  telepod estate check
  telepod estate check -f estates/production.yaml --strict`,
		Args: arguments(cobra.NoArgs),
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	output := choiceFlag(cmd, "output", "o", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		e, problems, err := f.read(cmd)
		if err != nil {
			return err
		}
		if output.value == "json" {
			err = printJSON(cmd.OutOrStdout(), problemsJSON(problems))
		} else {
			err = printEstateProblems(cmd.OutOrStdout(), f.path, e, problems)
		}
		if n := len(problems.Errors()); err == nil && n > 0 {
			return exitStatus{fmt.Errorf("%d error(s)", n), exitError, true}
		}
		if n := len(problems); err == nil && strict && n > 0 {
			return fmt.Errorf("%d warning(s), which --strict does not allow", n)
		}
		return err
	}
	return cmd
}

// problemJSON is a problem for programs.
type problemJSON struct {
	Line     int    `json:"line,omitempty"`
	Path     string `json:"path,omitempty"`
	Message  string `json:"message"`
	Severity string `json:"severity"`
}

func problemsJSON(problems estate.Problems) []problemJSON {
	list := []problemJSON{}
	for _, p := range problems {
		severity := "error"
		if p.Warning {
			severity = "warning"
		}
		list = append(list, problemJSON{p.Line, p.Path, p.Message, severity})
	}
	return list
}

func printEstateProblems(out io.Writer, path string, e *estate.Estate, problems estate.Problems) error {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.Error() + "\n")
	}
	if e == nil {
		fmt.Fprintf(&b, "%s: %d error(s), %d warning(s)\n", path, len(problems.Errors()), len(problems.Warnings()))
	} else {
		fmt.Fprintf(&b, "%s: %d cluster(s), %d site(s), no errors, %d warning(s)\n", path, len(e.Clusters), len(e.Sites.Roles()), len(problems))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func newEstateSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON schema of the estate file, for editors",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), estate.Schema)
			return err
		},
	}
}
