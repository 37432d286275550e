package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/profiles"
)

func newProfilesValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check files of profiles, and print every mistake",
		Long: `Check files of profiles as the webhook does, together with the built-in ones that they may inherit.
Files that inherit from each other are checked in one go. A directory stands for its *.yaml, *.yml
and *.json, - for standard input.`,
		Example: `  telepod profiles validate profiles/
  kubectl get configmap telepod-profiles -o jsonpath='{.data.on-premises\.yaml}' | telepod profiles validate -`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return validate(cmd, args) },
	}
}

func validate(cmd *cobra.Command, paths []string) error {
	sources, err := profileSources(cmd.InOrStdin(), paths)
	if err != nil {
		return err
	}
	set, err := profiles.Load(profiles.Facts{}, sources...)
	if problems, ok := errors.AsType[profiles.Problems](err); ok {
		for _, problem := range problems {
			fmt.Fprintln(cmd.OutOrStdout(), problem.Error())
		}
		return fmt.Errorf("%d problem(s) in %d file(s)", len(problems), len(sources))
	}
	if err != nil {
		return err
	}
	for _, source := range sources {
		n := 0
		for _, name := range set.Names() {
			if p, _ := set.Lookup(name); p.Source == source.Name {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: profile %q is valid\n", source.Name, name)
				n++
			}
		}
		if n == 0 {
			return fmt.Errorf("%s: it has no profile: each needs a name", source.Name)
		}
	}
	return nil
}

func profileSources(stdin io.Reader, paths []string) ([]profiles.Source, error) {
	var sources []profiles.Source
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			found, err := readProfiles(path)
			if err != nil {
				return nil, err
			}
			sources = append(sources, found...)
			continue
		}
		source, err := profileSource(stdin, path)
		if err != nil {
			return nil, fmt.Errorf("read profiles: %w", err)
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func profileSource(stdin io.Reader, path string) (profiles.Source, error) {
	if path == standardInput {
		data, err := io.ReadAll(stdin)
		return profiles.Source{Name: "stdin", Data: data}, err
	}
	data, err := os.ReadFile(path)
	return profiles.Source{Name: path, Data: data}, err
}
