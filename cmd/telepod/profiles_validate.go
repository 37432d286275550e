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
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check files of profiles, and print every mistake",
		Long: `Check files of profiles as the webhook does, together with the built-in ones that they may inherit.
Specify files that inherit from each other in one command. A directory stands for its *.yaml, *.yml
and *.json, - for standard input.`,
		Example: `  telepod profiles validate profiles/
  kubectl get configmap telepod-profiles -o jsonpath='{.data.on-premises\.yaml}' | telepod profiles validate -`,
		Args: arguments(cobra.MinimumNArgs(1)),
	}
	output := choiceFlag(cmd, "output", "o", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return validate(cmd, args, output.value == "json") }
	return cmd
}

// validity is a profile, or a mistake, in the JSON output.
type validity struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Profile string `json:"profile,omitempty"`
	Valid   bool   `json:"valid"`
	// Path is the field of a mistake, and Problem what is wrong with it.
	Path    string `json:"path,omitempty"`
	Problem string `json:"problem,omitempty"`
	// text is the line for people.
	text string
}

func validate(cmd *cobra.Command, paths []string, asJSON bool) error {
	sources, err := profileSources(cmd.InOrStdin(), paths)
	if err != nil {
		return err
	}
	list, verdict := validities(sources)
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), list)
	} else {
		for _, v := range list {
			fmt.Fprintln(cmd.OutOrStdout(), v.text)
		}
	}
	return errors.Join(err, verdict)
}

// validities lists every mistake, or else every profile of the sources.
func validities(sources []profiles.Source) (list []validity, err error) {
	list = []validity{}
	set, err := profiles.Load(profiles.Facts{}, sources...)
	if problems, ok := errors.AsType[profiles.Problems](err); ok {
		for _, p := range problems {
			list = append(list, validity{File: p.File, Line: p.Line, Profile: p.Profile, Path: p.Path, Problem: p.Message, text: p.Error()})
		}
		return list, fmt.Errorf("%d problem(s) in %d file(s)", len(problems), len(sources))
	}
	if err != nil {
		return list, err
	}
	for _, source := range sources {
		before := len(list)
		for _, name := range set.Names() {
			if p, _ := set.Lookup(name); p.Source == source.Name {
				list = append(list, validity{File: source.Name, Profile: name, Valid: true, text: fmt.Sprintf("%s: profile %q is valid", source.Name, name)})
			}
		}
		if len(list) == before {
			return list, fmt.Errorf("%s: the file contains no profile: each profile needs a name", source.Name)
		}
	}
	return list, nil
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
