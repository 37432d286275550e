package main

import "github.com/spf13/cobra"

func newProfilesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List, show and validate profiles",
		Long: `Profiles define what pods get: cloud identity, variables, resource attributes, endpoint and sidecar.
aws, gcp, azure and base are built in; --profiles-dir adds those of a directory.`,
	}
	group(cmd, newProfilesListCommand(), newProfilesShowCommand(), newProfilesValidateCommand())
	return cmd
}
