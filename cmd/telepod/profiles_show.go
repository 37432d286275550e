package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
)

func newProfilesShowCommand() *cobra.Command {
	var dir string
	var facts profiles.Facts
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a profile with inherited fields and the cluster's facts filled in",
		Example: `  telepod profiles show aws --region us-east-1 --cluster prod-use1
  telepod profiles show on-premises --profiles-dir profiles/ -o json | jq -r .sidecar.config`,
		Args: arguments(cobra.ExactArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return profileNames(dir), cobra.ShellCompDirectiveNoFileComp
		},
	}
	output := choiceFlag(cmd, "output", "o", "yaml", "json")
	cmd.Flags().StringVar(&dir, "profiles-dir", "", "directory with more profiles")
	registerFacts(cmd.Flags(), &facts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, err := loadProfiles(withEnvironment(facts), dir)
		if err != nil {
			return err
		}
		p, ok := set.Lookup(args[0])
		if !ok {
			return fmt.Errorf("show profile %q: no such profile%s; known profiles: %s", args[0],
				profileHint(args[0], set.Names()), strings.Join(set.Names(), ", "))
		}
		return printProfile(cmd, p, output.value)
	}
	return cmd
}

// printProfile prints everything as JSON, or YAML that is itself a profile, with the rest in a comment.
func printProfile(cmd *cobra.Command, p *profiles.Resolved, format string) error {
	if format == "json" {
		return printJSON(cmd.OutOrStdout(), p)
	}
	text, err := yaml.Marshal(p.Profile)
	if err != nil {
		return fmt.Errorf("show profile %q: %w", p.Name, err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "# %s, from %s, content %s\n%s", strings.Join(p.Lineage, " <- "), p.Source, p.Hash, text)
	return err
}
